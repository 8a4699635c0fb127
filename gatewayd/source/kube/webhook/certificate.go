package webhook

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// lifetime is how long a certificate is good.
const lifetime = 365 * 24 * time.Hour

// Keys of the Secret: the authorities, newest first, and the certificate.
const (
	keyAuthorities = "ca.crt"
	keyCertificate = corev1.TLSCertKey
	keyPrivate     = corev1.TLSPrivateKeyKey
)

// keeper keeps the certificate in its Secret.
type keeper struct {
	client   client.Client
	secret   client.ObjectKey
	hosts    []string
	now      func() time.Time
	lifetime time.Duration
}

// ensure gives the certificate and the authorities that vouch for it, making new
// ones where there are none or they come near their end.
func (k *keeper) ensure(ctx context.Context) (*tls.Certificate, []byte, error) {
	for range 3 { // another gateway may be quicker
		var old corev1.Secret
		err := k.client.Get(ctx, k.secret, &old)
		absent := apierrors.IsNotFound(err)
		if err != nil && !absent {
			return nil, nil, fmt.Errorf("reading the webhook's certificate, Secret %s: %w", k.secret, err)
		}
		if cert, ok := k.good(old.Data); ok {
			return cert, old.Data[keyAuthorities], nil
		}
		next := old.DeepCopy()
		if next.Data, err = k.make(old.Data[keyAuthorities]); err != nil {
			return nil, nil, fmt.Errorf("making the webhook's certificate: %w", err)
		}
		if absent {
			next.Namespace, next.Name = k.secret.Namespace, k.secret.Name
			err = k.client.Create(ctx, next)
		} else {
			err = k.client.Update(ctx, next)
		}
		if err != nil && !apierrors.IsConflict(err) && !apierrors.IsAlreadyExists(err) {
			return nil, nil, fmt.Errorf("keeping the webhook's certificate in Secret %s: %w", k.secret, err)
		}
	}
	return nil, nil, fmt.Errorf("keeping the webhook's certificate in Secret %s: others write to it all the time", k.secret)
}

// good gives the certificate if it holds: for all hosts, by one of the
// authorities, and for a third of its time yet.
func (k *keeper) good(data map[string][]byte) (*tls.Certificate, bool) {
	cert, err := tls.X509KeyPair(data[keyCertificate], data[keyPrivate])
	if err != nil || cert.Leaf == nil {
		return nil, false
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(data[keyAuthorities]) {
		return nil, false
	}
	for _, h := range k.hosts {
		if _, err := cert.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: h, CurrentTime: k.now()}); err != nil {
			return nil, false
		}
	}
	return &cert, cert.Leaf.NotAfter.Sub(k.now()) > k.lifetime/3
}

// make makes an authority and a certificate, and keeps the newest of the old
// authorities beside it.
func (k *keeper) make(old []byte) (map[string][]byte, error) {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	ca, err := k.template("gatewayd webhook authority")
	if err != nil {
		return nil, err
	}
	ca.IsCA, ca.BasicConstraintsValid, ca.KeyUsage = true, true, x509.KeyUsageCertSign
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, caKey.Public(), caKey)
	if err != nil {
		return nil, err
	}
	leaf, err := k.template("gatewayd webhook")
	if err != nil {
		return nil, err
	}
	leaf.KeyUsage, leaf.ExtKeyUsage = x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	for _, h := range k.hosts {
		if ip := net.ParseIP(h); ip != nil {
			leaf.IPAddresses = append(leaf.IPAddresses, ip)
		} else {
			leaf.DNSNames = append(leaf.DNSNames, h)
		}
	}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, ca, key.Public(), caKey)
	if err != nil {
		return nil, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	authorities := encode("CERTIFICATE", caDER)
	if last, _ := pem.Decode(old); last != nil {
		if c, err := x509.ParseCertificate(last.Bytes); err == nil && k.now().Before(c.NotAfter) {
			authorities = append(authorities, encode("CERTIFICATE", last.Bytes)...)
		}
	}
	return map[string][]byte{
		keyAuthorities: authorities, keyCertificate: encode("CERTIFICATE", leafDER), keyPrivate: encode("PRIVATE KEY", keyDER),
	}, nil
}

func (k *keeper) template(name string) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, errors.Join(errors.New("drawing a serial number"), err)
	}
	return &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name},
		NotBefore: k.now().Add(-time.Hour), NotAfter: k.now().Add(k.lifetime), // clocks differ
	}, nil
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}
