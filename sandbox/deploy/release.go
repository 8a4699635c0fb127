package deploy

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage/driver"

	"github.com/gwctl/gwctl/manifests"
	"github.com/gwctl/gwctl/sandbox/cluster"
	"github.com/gwctl/gwctl/sandbox/hint"
)

const (
	// Namespace is where the gateway is installed.
	Namespace = "gwctl-system"
	// Release is the release's name, and that of its Deployment.
	Release = "gatewayd"
	// digestLabel is the label of a release that tells what it was made of.
	digestLabel = "gwctl.dev/digest"
	// maxHistory is how many revisions of the release are kept.
	maxHistory = 3
)

// Plan says how the gateway should be installed.
type Plan struct {
	// Repository and Tag name its image; Pull is IfNotPresent when empty.
	Repository, Tag, Pull string
	// ServiceType is ClusterIP, NodePort or LoadBalancer, NodePort the port on
	// every node, 0 for any.
	ServiceType string
	NodePort    int
	// Class is the ingress class that is served, CreateClass makes it.
	Class       string
	CreateClass bool
	// KongFile, when not nil, is a kong.yml that is served instead of objects.
	KongFile []byte
	// Replicas is how many gateways run, 1 when 0.
	Replicas int
}

// values gives the chart's values.
func (p Plan) values() map[string]any {
	proxy := map[string]any{"type": p.ServiceType}
	if p.NodePort != 0 {
		proxy["http"] = map[string]any{"nodePort": p.NodePort}
	}
	pull := p.Pull
	if pull == "" {
		pull = "IfNotPresent"
	}
	v := map[string]any{
		"image":        map[string]any{"repository": p.Repository, "tag": p.Tag, "pullPolicy": pull},
		"gateway":      map[string]any{"proxy": proxy, "replicaCount": max(p.Replicas, 1), "shutdownDelaySeconds": 3},
		"ingressClass": map[string]any{"name": p.Class, "create": p.CreateClass},
	}
	if p.KongFile != nil {
		v["dblessConfig"] = map[string]any{"config": string(p.KongFile)}
	}
	return v
}

// Chart loads the embedded chart.
func Chart() (*chart.Chart, error) {
	var files []*loader.BufferedFile
	err := fs.WalkDir(manifests.Chart(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(manifests.Chart(), path)
		files = append(files, &loader.BufferedFile{Name: path, Data: data})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the chart: %w", err)
	}
	c, err := loader.LoadFiles(files)
	if err != nil {
		return nil, fmt.Errorf("reading the chart: %w", err)
	}
	return c, nil
}

// digest names a chart with values.
func digest(c *chart.Chart, values map[string]any) (string, error) {
	h := sha256.New()
	for _, f := range c.Raw {
		fmt.Fprintf(h, "%s %d\n", f.Name, len(f.Data))
		h.Write(f.Data)
	}
	raw, err := json.Marshal(values)
	if err != nil {
		return "", fmt.Errorf("writing the chart's values: %w", err)
	}
	h.Write(raw)
	return hex.EncodeToString(h.Sum(nil))[:32], nil
}

// Helm is the release in a cluster.
type Helm struct {
	conn   *cluster.Conn
	config *action.Configuration
}

// NewHelm opens the release's store; log gets Helm's own words.
func NewHelm(conn *cluster.Conn, log func(format string, args ...any)) (*Helm, error) {
	h := &Helm{conn: conn, config: new(action.Configuration)}
	if err := h.config.Init(conn.Getter(), Namespace, "secret", log); err != nil {
		return nil, fmt.Errorf("opening Helm's releases: %w", err)
	}
	return h, nil
}

// last gives the newest revision of the release, nil when there is none.
func (h *Helm) last() (*release.Release, error) {
	r, err := h.config.Releases.Last(Release)
	if errors.Is(err, driver.ErrReleaseNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the release %s: %w", Release, err)
	}
	return r, nil
}

// Installed reports whether there is a release, deployed or not.
func (h *Helm) Installed() (bool, error) {
	r, err := h.last()
	return r != nil, err
}

// Ensure installs or upgrades the release, unless it is as planned and nothing of
// it was deleted. It tells what it did: "installed", "upgraded" or "unchanged".
func (h *Helm) Ensure(ctx context.Context, plan Plan) (did string, err error) {
	c, err := Chart()
	if err != nil {
		return "", err
	}
	values := plan.values()
	sum, err := digest(c, values)
	if err != nil {
		return "", err
	}
	r, err := h.last()
	if err != nil {
		return "", err
	}
	var missing []cluster.Ref
	if r != nil && r.Info.Status == release.StatusDeployed && r.Labels[digestLabel] == sum {
		if missing, err = h.missing(ctx, r); err != nil {
			return "", err
		}
		if len(missing) == 0 {
			return "unchanged", nil
		}
	}
	labels := map[string]string{digestLabel: sum}
	if r == nil || r.Info.Status == release.StatusUninstalled {
		return "installed", chartError(h.install(ctx, c, values, labels))
	}
	if err := h.upgrade(ctx, r, c, values, labels); err != nil {
		return "upgraded", chartError(err)
	}
	if slices.ContainsFunc(missing, func(m cluster.Ref) bool { return m.Kind == "Secret" && m.Name == tokenSecret }) {
		return "upgraded", restart(ctx, h.conn, Namespace, Release) // the token is a new one
	}
	return "upgraded", nil
}

// missing gives those objects of a release that are not there. An upgrade makes
// them.
func (h *Helm) missing(ctx context.Context, r *release.Release) ([]cluster.Ref, error) {
	list, err := cluster.Decode([]byte(r.Manifest), "the release "+Release)
	if err != nil {
		return nil, err
	}
	var missing []cluster.Ref
	for _, o := range list {
		ref := cluster.RefOf(o)
		if ref.Namespace == "" { // as Helm has it; kinds without namespaces do not mind
			ref.Namespace = Namespace
		}
		_, there, err := h.conn.Get(ctx, ref)
		if err != nil {
			return nil, err
		}
		if !there {
			missing = append(missing, ref)
		}
	}
	return missing, nil
}

func (h *Helm) install(ctx context.Context, c *chart.Chart, values map[string]any, labels map[string]string) error {
	a := action.NewInstall(h.config)
	a.Namespace, a.ReleaseName, a.CreateNamespace = Namespace, Release, true
	a.SkipCRDs = true // they are applied before
	a.Replace, a.Labels = true, labels
	_, err := a.RunWithContext(ctx, c, values)
	return err
}

func (h *Helm) upgrade(ctx context.Context, r *release.Release, c *chart.Chart, values map[string]any, labels map[string]string) error {
	if r.Info.Status.IsPending() || r.Info.Status == release.StatusUninstalling {
		// Whoever was at it is gone: this sandbox is locked.
		r.Info.Status = release.StatusFailed
		r.Info.Description = "left over by an up that was ended"
		if err := h.config.Releases.Update(r); err != nil {
			return fmt.Errorf("healing the release %s: %w", Release, err)
		}
	}
	a := action.NewUpgrade(h.config)
	a.Namespace, a.MaxHistory, a.SkipCRDs, a.Labels = Namespace, maxHistory, true, labels
	_, err := a.RunWithContext(ctx, Release, c, values)
	return err
}

func chartError(err error) error {
	if err == nil {
		return nil
	}
	return hint.New("CHART_FAILED", hint.Chart, "installing the chart went wrong",
		"`gwctl doctor` looks for reasons; `helm -n "+Namespace+" history "+Release+"` tells what was tried").Because(err)
}

// Uninstall removes the release, and reports whether there was one.
func (h *Helm) Uninstall() (bool, error) {
	r, err := h.last()
	if err != nil || r == nil {
		return false, err
	}
	a := action.NewUninstall(h.config)
	a.IgnoreNotFound = true
	a.DeletionPropagation = "foreground"
	if _, err := a.Run(Release); err != nil {
		return true, fmt.Errorf("removing the release %s: %w", Release, err)
	}
	return true, nil
}
