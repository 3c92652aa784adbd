// Package kubetest runs a real Kubernetes on loopback: etcd and kube-apiserver, and on wish the controllers and the scheduler,
// as processes of this one. They use a folder that may be used again: a cluster comes back at its address with its data. Nothing runs
// pods; on wish KWOK plays a node on which they seem to run.
package kubetest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/metal-stack/initial-cluster/internal/wait"
	"github.com/metal-stack/initial-cluster/testing/certtest"
)

// Options of a cluster.
type Options struct {
	Dir         string // of its data, keys and logs, for itself alone
	Binary      string // what Build gave
	Version     string // shown by its servers, as v1.36.3-gke.1234000; empty is the binary's own. Its minor is at most the binary's
	ServiceCIDR string // empty is 10.96.0.0/16
	TokenReview string // URL of a webhook that knows bearer tokens, asked over TLS
	ReviewCA    string // path of the certificate authority of that webhook
	Controllers bool   // run kube-controller-manager and kube-scheduler, too
	Pods        bool   // and a node whose pods KWOK plays, as pods.stages tells; takes Controllers along
	Storage     bool   // with Pods: have a default StorageClass whose volumes are there at once
	Timeout     time.Duration
}

// Cluster is a running cluster.
type Cluster struct {
	options   Options
	ports     ports
	authority *certtest.Authority
	admin     tls.Certificate
	processes []*process
}

// startTimeout bounds the start where Options do not. A loaded machine takes many times the usual two seconds.
const startTimeout = 5 * time.Minute

// Start starts a cluster and returns when its API is ready; the caller stops it. After an error nothing runs. Its processes end with
// this one, however it ends.
func Start(ctx context.Context, o Options) (*Cluster, error) {
	if o.ServiceCIDR == "" {
		o.ServiceCIDR = "10.96.0.0/16"
	}
	if o.Timeout == 0 {
		o.Timeout = startTimeout
	}
	c := &Cluster{options: o}
	var err error
	if c.options.Dir, err = filepath.Abs(o.Dir); err != nil {
		return nil, err
	}
	if err := c.prepare(); err != nil {
		return nil, fmt.Errorf("prepare the cluster in %s: %w", o.Dir, err)
	}
	if err := c.run(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("start the cluster in %s: %w", o.Dir, err), c.Stop())
	}
	return c, nil
}

func (c *Cluster) prepare() error {
	err := os.MkdirAll(c.dir(), 0o700)
	if err == nil {
		err = Sweep(c.options.Dir)
	}
	if err == nil {
		err = c.choosePorts()
	}
	if err == nil {
		err = c.makeKeys()
	}
	if err == nil {
		err = c.configure()
	}
	return err
}

func (c *Cluster) run(ctx context.Context) error {
	if err := c.start("etcd", c.etcdArguments()); err != nil {
		return err
	}
	if err := c.start("kube-apiserver", c.apiserverArguments()); err != nil {
		return err
	}
	if err := c.ready(ctx); err != nil {
		return err
	}
	if !c.options.Controllers && !c.options.Pods {
		return nil
	}
	if err := c.start("kube-controller-manager", c.controllerArguments()); err != nil {
		return err
	}
	if err := c.start("kube-scheduler", c.schedulerArguments()); err != nil || !c.options.Pods {
		return err
	}
	return c.runPods(ctx)
}

// ready waits until the apiserver says that it is. A process that has ended ends the wait.
func (c *Cluster) ready(ctx context.Context) error {
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: c.authority.Pool(), Certificates: []tls.Certificate{c.admin}},
	}, Timeout: 5 * time.Second}
	defer client.CloseIdleConnections()
	o := wait.Options{For: "the API server at " + c.Endpoint(), Timeout: c.options.Timeout, Interval: 50 * time.Millisecond}
	return wait.Until(ctx, o, func(ctx context.Context) (bool, string, error) {
		for _, p := range c.processes {
			if p.ended() {
				return false, "", p.failure()
			}
		}
		return ask(ctx, client, "https://"+c.Endpoint()+"/readyz")
	})
}

func ask(ctx context.Context, client *http.Client, url string) (ready bool, state string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false, "", err
	}
	answer, err := client.Do(request)
	if err != nil {
		return false, err.Error(), nil
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return false, err.Error(), nil
	}
	return answer.StatusCode == http.StatusOK, strings.TrimSpace(string(body)), nil
}

// Endpoint is the host:port of the API, the same after a restart.
func (c *Cluster) Endpoint() string { return fmt.Sprintf("127.0.0.1:%d", c.ports.API) }

// CA is the certificate of the API's authority in PEM.
func (c *Cluster) CA() []byte { return c.authority.PEM() }

// Kubeconfig is the path of a kubeconfig with all rights.
func (c *Cluster) Kubeconfig() string { return filepath.Join(c.dir(), "admin.kubeconfig") }

// Stop ends the processes, the last first; the folder stays. It may be repeated.
func (c *Cluster) Stop() error {
	var failures error
	for len(c.processes) > 0 {
		last := len(c.processes) - 1
		failures = errors.Join(failures, c.processes[last].stop())
		c.processes = c.processes[:last]
	}
	return failures
}

func (c *Cluster) dir() string { return c.options.Dir }
