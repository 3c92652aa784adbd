// Package notify tells systemd that the service is up, when k3s is and not when a part of it thinks so: kube-apiserver would say it
// on its own.
package notify

import (
	"os"

	"github.com/coreos/go-systemd/v22/daemon"
)

const variable = "NOTIFY_SOCKET"

var socket = func() string {
	path := os.Getenv(variable)
	_ = os.Unsetenv(variable) // fails for a bad name only
	return path
}()

// Ready tells it. Without systemd it does nothing.
func Ready() error {
	if socket == "" {
		return nil
	}
	if err := os.Setenv(variable, socket); err != nil {
		return err
	}
	_, err := daemon.SdNotify(true, "READY=1\n")
	return err
}
