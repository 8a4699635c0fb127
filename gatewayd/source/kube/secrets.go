package kube

import (
	"context"
	"log/slog"
	"maps"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gwctl/gwctl/gatewayd/source"
)

// secrets holds the Secrets without the label that something names.
type secrets struct {
	reader, metadata client.Reader
	log              *slog.Logger
	held             map[client.ObjectKey]*corev1.Secret // Run's goroutine alone

	mu     sync.Mutex
	wanted map[client.ObjectKey]bool
}

// wants tells whether the last set named the Secret.
func (s *secrets) wants(key client.ObjectKey) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.wanted[key]
}

// add puts the named Secrets into the set; again tells that one could not be
// read and should be tried later.
func (s *secrets) add(ctx context.Context, set *source.Set) (again bool) {
	wanted := named(set)
	s.mu.Lock()
	s.wanted = maps.Clone(wanted)
	s.mu.Unlock()
	for _, i := range set.Secrets { // has the label
		delete(wanted, client.ObjectKeyFromObject(i.Object))
	}
	held := make(map[client.ObjectKey]*corev1.Secret, len(wanted))
	for key := range wanted {
		secret, ok := s.one(ctx, key)
		if secret != nil {
			held[key] = secret
			set.Add(secret, source.Origin{Version: secret.ResourceVersion})
		} else if !ok {
			lost := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name}}
			set.Add(lost, source.Origin{Broken: "the API server does not give it"})
		}
		again = again || !ok
	}
	s.held = held
	return again
}

// one gives a Secret, nil if there is none; ok is false when it could not be
// read, and then it may be an older version.
func (s *secrets) one(ctx context.Context, key client.ObjectKey) (secret *corev1.Secret, ok bool) {
	head := secretHead()
	if err := s.metadata.Get(ctx, key, head); err != nil {
		return nil, apierrors.IsNotFound(err)
	}
	if old := s.held[key]; old != nil && old.UID == head.UID && old.ResourceVersion == head.ResourceVersion {
		return old, true
	}
	var now corev1.Secret
	err := s.reader.Get(ctx, key, &now)
	switch {
	case err == nil:
		now.ManagedFields = nil
		return &now, true
	case apierrors.IsNotFound(err):
		return nil, true
	}
	s.log.Warn("a Secret cannot be read; trying again", "secret", key.String(), "error", err)
	return s.held[key], false
}

// secretHead is a Secret's metadata.
func secretHead() *metav1.PartialObjectMetadata {
	head := &metav1.PartialObjectMetadata{}
	head.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Secret"))
	return head
}

// named lists the Secrets that plugins and consumers name.
func named(set *source.Set) map[client.ObjectKey]bool {
	out := map[client.ObjectKey]bool{}
	want := func(namespace, name string) {
		if name != "" {
			out[client.ObjectKey{Namespace: namespace, Name: name}] = true
		}
	}
	for _, p := range set.Plugins {
		if f := p.Object.ConfigFrom; f != nil {
			want(p.Object.Namespace, f.SecretValue.Secret)
		}
		for _, c := range p.Object.ConfigPatches {
			want(p.Object.Namespace, c.ValueFrom.SecretValue.Secret)
		}
	}
	for _, p := range set.ClusterPlugins {
		if f := p.Object.ConfigFrom; f != nil {
			want(f.SecretValue.Namespace, f.SecretValue.Secret)
		}
		for _, c := range p.Object.ConfigPatches {
			want(c.ValueFrom.SecretValue.Namespace, c.ValueFrom.SecretValue.Secret)
		}
	}
	for _, c := range set.Consumers {
		for _, name := range c.Object.Credentials {
			want(c.Object.Namespace, name)
		}
	}
	return out
}
