// Package node is k3s' agent: it gets what a node needs from a server, and keeps the node in the cluster, with a real kubelet and
// containerd where the machine has them, else with a stand-in that only reports.
package node

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/sirupsen/logrus"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/metal-stack/initial-cluster/testing/kube/k3s/notify"
	"github.com/metal-stack/initial-cluster/testing/kube/k3s/settings"
	"github.com/metal-stack/initial-cluster/testing/kube/k3s/stamp"
)

// Agent keeps one node in the cluster.
type Agent struct {
	settings settings.Settings
	server   string // where kubelet and others ask
	cluster  cluster
	kube     *kubernetes.Clientset
}

// RunAgent is k3s agent: it runs until it fails or the context ends.
func RunAgent(ctx context.Context, o settings.Settings) error {
	logrus.Infof("Starting k3s agent %s (%s)", stamp.Version(), stamp.Commit())
	if o.Server == "" {
		return fmt.Errorf("--server is required")
	}
	if o.Token == "" {
		return fmt.Errorf("--token is required")
	}
	a := &Agent{settings: o, server: fmt.Sprintf("https://127.0.0.1:%d", o.LBServerPort)}
	credentials, err := a.open(ctx, o.Server, o.Token)
	if err != nil {
		return err
	}
	if err := balance(ctx, o, credentials); err != nil {
		return err
	}
	if err := a.start(ctx, credentials); err != nil {
		return err
	}
	if err := a.awaitNode(ctx); err != nil {
		return err
	}
	logrus.Info("k3s agent is up and running")
	if err := notify.Ready(); err != nil {
		return err
	}
	return a.keepLabels(ctx)
}

// RunBeside is the agent within a server.
func RunBeside(ctx context.Context, o settings.Settings) error {
	content, err := os.ReadFile(o.ServerDir("agent-token"))
	if err != nil {
		return err
	}
	a := &Agent{settings: o, server: fmt.Sprintf("https://127.0.0.1:%d", o.HTTPSListenPort)}
	credentials, err := a.open(ctx, a.server, strings.TrimSpace(string(content)))
	if err != nil {
		return err
	}
	if err := a.start(ctx, credentials); err != nil {
		return err
	}
	if err := a.awaitNode(ctx); err != nil {
		return err
	}
	return a.keepLabels(ctx)
}

// start gets the node's certificates and starts what keeps it in the cluster.
func (a *Agent) start(ctx context.Context, credentials *credentials) error {
	if err := credentials.fetch(ctx, a); err != nil {
		return err
	}
	var err error
	if a.kube, err = clientset(a.settings.AgentDir("kubelet.kubeconfig")); err != nil {
		return err
	}
	if missing := a.missing(); missing != "" {
		logrus.Infof("No kubelet runs: this machine has no %s; the node is reported by a stand-in", missing)
		return a.report(ctx)
	}
	return a.runKubelet(ctx)
}

// awaitNode returns when the node is registered and has the labels that the settings give it.
func (a *Agent) awaitNode(ctx context.Context) error {
	for told := 0; ; told++ {
		err := a.setLabels(ctx)
		if err == nil {
			return nil
		}
		if told%50 == 20 {
			logrus.Infof("Waiting for node %s: %v", a.settings.NodeName, err)
		}
		if !sleep(ctx, 100*time.Millisecond) {
			return ctx.Err()
		}
	}
}

// sleep tells whether the time went by before the context ended.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

func clientset(kubeconfig string) (*kubernetes.Clientset, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	return kubernetes.NewForConfig(config)
}
