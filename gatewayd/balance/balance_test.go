package balance

import (
	"errors"
	"testing"
)

func TestRoundRobinIsSmooth(t *testing.T) {
	t.Parallel()
	r := NewRoundRobin([]Target{{Address: "a", Weight: 5}, {Address: "b", Weight: 1}, {Address: "c", Weight: 1}, {Address: "off"}})
	got := ""
	for range 14 {
		x, err := r.Next(nil)
		if err != nil {
			t.Fatal(err)
		}
		got += x.Address
	}
	if want := "aabacaaaabacaa"; got != want {
		t.Errorf("picks = %s, want %s", got, want)
	}
}

func TestRetryAsksAnother(t *testing.T) {
	t.Parallel()
	r := NewRoundRobin([]Target{{Address: "a", Weight: 1}, {Address: "b", Weight: 1}})
	for range 10 {
		first, _ := r.Next(nil)
		second, _ := r.Next(first)
		if first == second {
			t.Fatalf("retry went to %s again", first.Address)
		}
	}
}

func TestNoTarget(t *testing.T) {
	t.Parallel()
	if _, err := NewRoundRobin([]Target{{Address: "a"}}).Next(nil); !errors.Is(err, ErrNoTarget) {
		t.Errorf("err = %v, want ErrNoTarget", err)
	}
}

func BenchmarkNext(b *testing.B) {
	r := NewRoundRobin([]Target{{Address: "a", Weight: 1}, {Address: "b", Weight: 1}, {Address: "c", Weight: 1}})
	for b.Loop() {
		if _, err := r.Next(nil); err != nil {
			b.Fatal(err)
		}
	}
}
