package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"
	"k8s.io/streaming/pkg/httpstream"
)

// Pods lists the pods of a namespace that a selector matches and that are not
// being deleted, sorted by name.
func (c *Conn) Pods(ctx context.Context, namespace, selector string) ([]corev1.Pod, error) {
	got, err := c.Typed.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return nil, fmt.Errorf("listing the pods of %s: %w", namespace, err)
	}
	var list []corev1.Pod
	for _, p := range got.Items {
		if p.DeletionTimestamp == nil {
			list = append(list, p)
		}
	}
	return list, nil
}

// Ready reports whether a pod takes traffic.
func Ready(p *corev1.Pod) bool {
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

// Dial is how a connection is made.
type Dial = func(ctx context.Context, network, address string) (net.Conn, error)

// Dialer gives connections to a port of a pod, through the API server, as
// `kubectl port-forward` does, but without a listener on this machine. The
// address that it is asked for does not matter.
func (c *Conn) Dialer(namespace, pod string, port int) Dial {
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		conn, err := c.dial(ctx, namespace, pod, port)
		if err != nil {
			return nil, fmt.Errorf("reaching port %d of pod %s/%s: %w", port, namespace, pod, err)
		}
		return conn, nil
	}
}

func (c *Conn) dial(ctx context.Context, namespace, pod string, port int) (net.Conn, error) {
	transport, upgrader, err := spdy.RoundTripperFor(c.Config)
	if err != nil {
		return nil, err
	}
	url := c.Typed.CoreV1().RESTClient().Post().Resource("pods").Namespace(namespace).Name(pod).SubResource("portforward").URL()
	type dialed struct {
		conn httpstream.Connection
		err  error
	}
	done := make(chan dialed, 1)
	go func() { // it knows no context
		conn, _, err := spdy.NewDialerForStreaming(upgrader, &http.Client{Transport: transport, Timeout: callTimeout}, http.MethodPost, url).
			Dial(portforward.PortForwardProtocolV1Name)
		done <- dialed{conn, err}
	}()
	select {
	case d := <-done:
		if d.err != nil {
			return nil, d.err
		}
		return forward(d.conn, port)
	case <-ctx.Done():
		go func() {
			if d := <-done; d.err == nil {
				_ = d.conn.Close()
			}
		}()
		return nil, context.Cause(ctx)
	}
}

// forward opens the two streams of one forwarded connection: what goes wrong in
// the pod comes on the first, the bytes go over the second.
func forward(conn httpstream.Connection, port int) (net.Conn, error) {
	head := http.Header{}
	head.Set(corev1.StreamType, corev1.StreamTypeError)
	head.Set(corev1.PortHeader, strconv.Itoa(port))
	head.Set(corev1.PortForwardRequestIDHeader, "0")
	faults, err := conn.CreateStream(head)
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	_ = faults.Close() // this side says nothing on it
	head.Set(corev1.StreamType, corev1.StreamTypeData)
	data, err := conn.CreateStream(head)
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	t := &tunnel{conn: conn, data: data, fault: make(chan error, 1)}
	go func() {
		text, err := io.ReadAll(io.LimitReader(faults, 4<<10))
		if err == nil && len(text) > 0 {
			err = errors.New(string(text))
		}
		t.fault <- err
		if len(text) > 0 {
			_ = t.Close()
		}
	}()
	return t, nil
}

// tunnel is one forwarded connection.
type tunnel struct {
	conn  httpstream.Connection
	data  httpstream.Stream
	fault chan error
	once  sync.Once
}

func (t *tunnel) Read(b []byte) (int, error) {
	n, err := t.data.Read(b)
	if err != nil && n == 0 {
		select {
		case fault := <-t.fault:
			if fault != nil {
				return 0, fault
			}
		default:
		}
	}
	return n, err
}

func (t *tunnel) Write(b []byte) (int, error) { return t.data.Write(b) }

func (t *tunnel) Close() (err error) {
	t.once.Do(func() {
		_ = t.data.Reset()
		err = t.conn.Close()
	})
	return err
}

// Address of both ends: there is none that means anything here.
type podAddr struct{}

func (podAddr) Network() string { return "tcp" }
func (podAddr) String() string  { return "pod" }

func (t *tunnel) LocalAddr() net.Addr                { return podAddr{} }
func (t *tunnel) RemoteAddr() net.Addr               { return podAddr{} }
func (t *tunnel) SetDeadline(time.Time) error        { return nil }
func (t *tunnel) SetReadDeadline(time.Time) error    { return nil }
func (t *tunnel) SetWriteDeadline(_ time.Time) error { return nil }
