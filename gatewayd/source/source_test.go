package source_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gwctl/gwctl/gatewayd/entity"
	"github.com/gwctl/gwctl/gatewayd/source"
)

func secret(namespace, name, value string) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Data:       map[string][]byte{"key": []byte(value)},
	}
}

func TestSort(t *testing.T) {
	t.Parallel()
	var set source.Set
	for _, at := range []struct {
		ns, name, file string
		line           int
	}{
		{"b", "x", "b.yaml", 1}, {"a", "y", "b.yaml", 9}, {"a", "x", "b.yaml", 1}, {"a", "x", "a.yaml", 7}, {"a", "x", "c.yaml", 1},
	} {
		set.Add(secret(at.ns, at.name, ""), source.Origin{File: at.file, Line: at.line, Version: at.file})
	}
	set.Sort()
	want := []entity.Object{
		{Name: "Secret a/x", Version: "a.yaml"}, {Name: "Secret a/y", Version: "b.yaml"}, {Name: "Secret b/x", Version: "b.yaml"},
	}
	if diff := cmp.Diff(want, set.Objects()); diff != "" {
		t.Errorf("objects differ (-want +got):\n%s", diff)
	}
	var got []string
	for _, p := range set.Problems {
		got = append(got, p.String())
	}
	if diff := cmp.Diff([]string{
		"error: b.yaml:1: Secret a/x: metadata.name: stands in a.yaml:7 already, which is the one that is used; remove one of them",
		"error: c.yaml:1: Secret a/x: metadata.name: stands in a.yaml:7 already, which is the one that is used; remove one of them",
	}, got); diff != "" {
		t.Errorf("problems differ (-want +got):\n%s", diff)
	}
}

func TestNothingPrintsSecrets(t *testing.T) {
	t.Parallel()
	var set source.Set
	set.Add(secret("a", "x", "hush"), source.Origin{File: "a.yaml", Line: 3})
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		for _, v := range []any{set, &set, set.Secrets, set.Secrets[0], struct{ S source.Set }{set}} {
			got := fmt.Sprintf(verb, v)
			if strings.Contains(got, "hush") || strings.Contains(got, "68757368") || strings.Contains(got, "104 117") {
				t.Errorf("%s of %T shows the secret: %s", verb, v, got)
			}
		}
	}
	for _, v := range []any{set, set.Secrets} {
		raw, err := json.Marshal(v)
		if err != nil || strings.Contains(string(raw), "aHVzaA") {
			t.Errorf("got %s, error %v", raw, err)
		}
	}
}

func TestCloneLeavesTheSetAlone(t *testing.T) {
	t.Parallel()
	var set source.Set
	set.Add(secret("b", "x", ""), source.Origin{})
	more := set.Clone()
	more.Add(secret("a", "x", ""), source.Origin{})
	more.Sort()
	if set.Len() != 1 || more.Len() != 2 || set.Secrets[0].Object.Namespace != "b" {
		t.Errorf("got %d and %d objects, want 1 and 2", set.Len(), more.Len())
	}
}

// TestSettle runs on synctest's clock: bursts of events at the given times, in
// ms, make calls at others.
func TestSettle(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		events []int
		want   []int
	}{
		{"one", []int{0}, []int{100}},
		{"a burst", []int{0, 50, 120, 200}, []int{300}},
		{"without an end", []int{0, 90, 180, 270, 360, 450, 540}, []int{500, 640}},
		{"two", []int{0, 300}, []int{100, 400}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				events := make(chan struct{}, 1)
				var got []int
				begin := time.Now()
				done := make(chan error, 1)
				go func() {
					done <- source.Settle(ctx, events, nil, func() error {
						got = append(got, int(time.Since(begin).Milliseconds()))
						return nil
					})
				}()
				for _, at := range tt.events {
					<-time.After(time.Duration(at)*time.Millisecond - time.Since(begin))
					events <- struct{}{}
				}
				<-time.After(2 * time.Second)
				cancel()
				if err := <-done; err != nil {
					t.Errorf("got error %v, want nil when the context ends", err)
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("calls differ (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestSettleEndsWithTheError(t *testing.T) {
	t.Parallel()
	events := make(chan struct{}, 1)
	events <- struct{}{}
	now := func(time.Duration) <-chan time.Time {
		c := make(chan time.Time, 1)
		c <- time.Time{}
		return c
	}
	want := errors.New("no more")
	if got := source.Settle(t.Context(), events, now, func() error { return want }); !errors.Is(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
