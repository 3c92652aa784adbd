package main

import (
	"context"
	"fmt"
	"time"

	"github.com/metal-stack/initial-cluster/internal/ansible"
	"github.com/metal-stack/initial-cluster/internal/kube"
	"github.com/metal-stack/initial-cluster/internal/metalstackcloud"
)

// credential is what is to be done to the kubeconfig.
type credential struct {
	name          string // of the context
	steps         []string
	before, after any
	warnings      []string
	apply         func(ctx context.Context, found *metalstackcloud.Found) error
}

// proofTimeout bounds the question whether a credential is taken; a cluster that is not reached from here must not hold up a run.
const proofTimeout = 15 * time.Second

func (in params) credential(ctx context.Context, cloud *metalstackcloud.Cloud, found *metalstackcloud.Found) (*credential, error) {
	c := &credential{name: in.Name + "-" + cloud.Project() + "@metalstack.cloud"}
	c.apply = func(context.Context, *metalstackcloud.Found) error { return nil }
	if in.Kubeconfig == "" {
		return c, nil
	}
	config, err := kube.ObserveConfig(in.Kubeconfig)
	if err != nil {
		return nil, err
	}
	if in.State == "absent" {
		return c, c.purge(config)
	}
	usable := kube.Usable{Why: "the cluster is new"}
	if found.ID() != "" {
		limited, cancel := context.WithTimeout(ctx, proofTimeout)
		defer cancel()
		usable = config.Usable(limited, c.name)
	}
	if usable.Why == "" && in.KubeconfigCurrent && config.CurrentContext() != c.name {
		usable.Why = "its context is not the current one"
	}
	c.renew(config, usable, in)
	return c, nil
}

func (c *credential) purge(config *kube.Config) error {
	plan, err := config.Purge(c.name)
	if err != nil {
		return err
	}
	c.steps = plan.Steps()
	c.before, c.after = plan.Diff()
	c.apply = func(ctx context.Context, _ *metalstackcloud.Found) error {
		err := plan.Apply(ctx)
		c.steps = plan.Steps()
		return err
	}
	return nil
}

// renew plans new credentials unless those there may stay.
func (c *credential) renew(config *kube.Config, usable kube.Usable, in params) {
	life := time.Duration(in.KubeconfigExpiration) * time.Second
	if usable.Why == "" {
		is := map[string]any{"context": c.name, "credential": "valid until " + usable.Until.UTC().Format(time.RFC3339)}
		c.before, c.after = is, is
		if usable.Doubt != nil {
			c.warnings = append(c.warnings, usable.Doubt.Error())
		}
		return
	}
	c.steps = []string{fmt.Sprintf("write a new credential of cluster %s to %s: %s", in.Name, config.Path(), usable.Why)}
	c.before = map[string]any{"context": c.name, "credential": usable.Why}
	c.after = map[string]any{"context": c.name, "credential": "valid for " + life.String()}
	c.apply = func(ctx context.Context, found *metalstackcloud.Found) error {
		err := c.write(ctx, config, found, life, in.KubeconfigCurrent)
		if err != nil {
			c.steps = nil
		}
		return err
	}
}

func (c *credential) write(ctx context.Context, config *kube.Config, found *metalstackcloud.Found, life time.Duration, current bool) error {
	given, err := found.Credentials(ctx, life)
	if err != nil {
		return err
	}
	ansible.Conceal(ctx, string(given.Key))
	access := kube.Access{Name: c.name, Server: given.Server, CA: given.CA, User: kube.User{Certificate: given.Certificate, Key: given.Key}}
	plan, err := config.Merge(access, current || config.CurrentContext() == "")
	if err != nil {
		return err
	}
	return plan.Apply(ctx)
}
