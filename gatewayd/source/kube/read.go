package kube

import (
	"context"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gwctl/gwctl/gatewayd/api"
	"github.com/gwctl/gwctl/gatewayd/problem"
	"github.com/gwctl/gwctl/gatewayd/source"
)

// read makes a set of what the cache holds; ok is false while a kind has not been
// read yet.
func (s *Source) read(ctx context.Context) (set source.Set, ok bool) {
	ready, missing := s.progress()
	if !ready {
		return set, false
	}
	for _, k := range kinds() {
		if p, lacks := missing[k.crd]; lacks {
			set.Problems = append(set.Problems, p)
			continue
		}
		list := k.list()
		if err := s.of(k).List(ctx, list, client.UnsafeDisableDeepCopy); err != nil {
			s.opts.Log.Warn("the cache cannot be read", "error", err)
			return set, false
		}
		if err := meta.EachListItem(list, func(o runtime.Object) error {
			if r, known := o.(api.Resource); known {
				set.Add(r, source.Origin{Version: r.GetResourceVersion()})
			}
			return nil
		}); err != nil {
			s.opts.Log.Warn("the cache cannot be read", "error", err)
			return set, false
		}
	}
	if again := s.secrets.add(ctx, &set); again {
		go s.later(ctx)
	}
	set.Sort()
	return set, true
}

// later asks for another look.
func (s *Source) later(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-s.opts.After(s.opts.Retry):
		s.notify()
	}
}

// progress tells whether everything has been read that can be, and what is
// missing, by the name of its CRD.
func (s *Source) progress() (ready bool, missing map[string]problem.Problem) {
	s.mu.Lock()
	defer s.mu.Unlock()
	missing = map[string]problem.Problem{}
	for _, st := range s.states {
		switch {
		case st.missing:
			missing[st.crd] = absent(st)
		case st.watched == nil || !st.watched.HasSynced():
			return false, nil
		}
	}
	return true, missing
}

func absent(st *state) problem.Problem {
	p := problem.Problem{
		Severity: problem.Error, Object: "CustomResourceDefinition " + st.crd,
		Reason: "is not installed, so no " + st.label + " is read; install the chart's CRDs (helm does, without --skip-crds)",
	}
	if st.unread {
		p.Severity = problem.Warning
	}
	return p
}
