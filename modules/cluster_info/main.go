// Command cluster_info is the Ansible module metalstack.initial_cluster.cluster_info.
package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/metal-stack/initial-cluster/internal/ansible"
	"github.com/metal-stack/initial-cluster/internal/kube"
	"github.com/metal-stack/initial-cluster/internal/wait"
)

type params struct {
	Kubeconfig  string `ansible:"kubeconfig"`
	Context     string `ansible:"context"`
	MissingOK   bool   `ansible:"missing_ok"`
	WaitTimeout int    `ansible:"wait_timeout"`
}

func main() { ansible.Main(spec, run) }

// interval is the pause between two looks at a cluster that is waited for.
var interval = 2 * time.Second

// lookTimeout bounds one look.
const lookTimeout = 15 * time.Second

func run(ctx context.Context, in params, _ ansible.Mode) (ansible.Result, error) {
	if in.WaitTimeout < 0 {
		return ansible.Result{}, errors.New("wait_timeout: 0 seconds or more are wanted")
	}
	config, err := in.config()
	if err != nil {
		return ansible.Result{}, err
	}
	if in.MissingOK && !config.Has(in.Context) {
		return ansible.Result{Msg: fmt.Sprintf("the kubeconfig %s has no such cluster", config.Path()), Values: map[string]any{"cluster": map[string]any{}}}, nil
	}
	found, err := config.Context(in.Context)
	if err != nil {
		return ansible.Result{}, err
	}
	contact, err := in.reach(ctx, found)
	if err != nil {
		return ansible.Result{}, err
	}
	told := map[string]any{"kubeconfig": config.Path(), "context": found.Name, "server": found.Server, "user": contact.User, "version": contact.Version, "expires": ""}
	if certificate := found.Certificate(); certificate != nil {
		told["expires"] = certificate.NotAfter.UTC().Format(time.RFC3339)
	}
	msg := fmt.Sprintf("the cluster at %s runs Kubernetes %s", found.Server, contact.Version)
	return ansible.Result{Msg: msg, Values: map[string]any{"cluster": told}}, nil
}

func (in params) config() (*kube.Config, error) {
	path := in.Kubeconfig
	if path == "" {
		var err error
		if path, err = kube.DefaultConfigPath(); err != nil {
			return nil, err
		}
	}
	return kube.ObserveConfig(path)
}

// reach asks the cluster, and as long as it cannot be asked and there is time, again.
func (in params) reach(ctx context.Context, found *kube.Context) (contact kube.Contact, err error) {
	deadline := time.Now().Add(time.Duration(in.WaitTimeout) * time.Second)
	o := wait.Options{For: "the cluster at " + found.Server, Interval: interval}
	err = wait.Until(ctx, o, func(ctx context.Context) (bool, string, error) {
		limited, cancel := context.WithTimeout(ctx, lookTimeout)
		defer cancel()
		var failure *kube.ContactError
		contact, err = found.Contact(limited)
		if errors.As(err, &failure) && !failure.Wrong && time.Now().Before(deadline) {
			return false, err.Error(), nil
		}
		return err == nil, "", err
	})
	if err != nil && in.WaitTimeout > 0 && time.Now().After(deadline) {
		err = fmt.Errorf("waited %ds: %w", in.WaitTimeout, err)
	}
	return contact, err
}
