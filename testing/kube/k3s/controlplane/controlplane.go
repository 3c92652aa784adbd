// Package controlplane runs Kubernetes' own servers within this process: kube-apiserver, kube-controller-manager, kube-scheduler.
package controlplane

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/spf13/pflag"
	cliflag "k8s.io/component-base/cli/flag"
	basecompatibility "k8s.io/component-base/compatibility"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	apioptions "k8s.io/kubernetes/cmd/kube-apiserver/app/options"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	controlleroptions "k8s.io/kubernetes/cmd/kube-controller-manager/app/options"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	scheduleroptions "k8s.io/kubernetes/cmd/kube-scheduler/app/options"
)

// listener is that of the apiserver, on loopback only: others reach it through the supervisor's. Once the apiserver has its own client
// it tells the supervisor's address instead, which the endpoints of the service kubernetes then name.
type listener struct {
	net.Listener
	public *net.TCPAddr
	shown  atomic.Bool
}

func (l *listener) Addr() net.Addr {
	if l.shown.Load() {
		return l.public
	}
	return l.Listener.Addr()
}

// APIServer starts kube-apiserver on loopback and gives its handler, which judges requests by their TLS connection as its own listener
// does. Failures after the start go to failed.
func APIServer(ctx context.Context, port int, public *net.TCPAddr, arguments []string, failed func(error)) (http.Handler, error) {
	o := apioptions.NewServerRunOptions()
	if err := parse(o.Flags(), arguments); err != nil {
		return nil, err
	}
	loopback, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return nil, err
	}
	own := &listener{Listener: loopback, public: public}
	o.SecureServing.Listener = own
	if err := o.GenericServerRunOptions.ComponentGlobalsRegistry.Set(); err != nil {
		return nil, err
	}
	complete, err := o.Complete(ctx)
	if err != nil {
		return nil, err
	}
	if errs := complete.Validate(); len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	config, err := apiserver.NewConfig(complete)
	if err != nil {
		return nil, err
	}
	own.shown.Store(true)
	return serve(ctx, config, failed)
}

func serve(ctx context.Context, config *apiserver.Config, failed func(error)) (http.Handler, error) {
	complete, err := config.Complete()
	if err != nil {
		return nil, err
	}
	chain, err := apiserver.CreateServerChain(complete)
	if err != nil {
		return nil, err
	}
	prepared, err := chain.PrepareRun()
	if err != nil {
		return nil, err
	}
	go func() { failed(prepared.Run(ctx)) }()
	return chain.GenericAPIServer.Handler, nil
}

// Controllers runs kube-controller-manager until it fails.
func Controllers(ctx context.Context, arguments []string) error {
	o, err := controlleroptions.NewKubeControllerManagerOptions()
	if err != nil {
		return err
	}
	all, off, aliases := controllers.KnownControllers(), controllers.ControllersDisabledByDefault(), controllers.ControllerAliases()
	flags := o.Flags(all, off, aliases)
	o.ParsedFlags = &flags
	if err := parse(flags, arguments); err != nil {
		return err
	}
	config, err := o.Config(ctx, all, off, aliases)
	if err != nil {
		return err
	}
	return controllers.Run(ctx, config.Complete())
}

// Scheduler runs kube-scheduler until it fails.
func Scheduler(ctx context.Context, arguments []string) error {
	o := scheduleroptions.NewOptions()
	if err := parse(*o.Flags, arguments); err != nil {
		return err
	}
	config, made, err := scheduler.Setup(ctx, o)
	if err != nil {
		return err
	}
	return scheduler.Run(ctx, config, made)
}

func parse(sets cliflag.NamedFlagSets, arguments []string) error {
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	for _, set := range sets.FlagSets {
		flags.AddFlagSet(set)
	}
	if err := flags.Parse(arguments); err != nil {
		return fmt.Errorf("%w in %s", err, strings.Join(arguments, " "))
	}
	return nil
}

// Emulate is the argument that makes the apiserver behave as that minor; the other servers of the process follow it.
func Emulate(minor string) string {
	return "--emulated-version=" + basecompatibility.DefaultKubeComponent + "=" + minor
}
