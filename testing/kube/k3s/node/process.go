package node

import (
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"github.com/sirupsen/logrus"
)

// start runs a process that ends with this one, however this one ends, and that ends this one if it ends first.
func start(name string, command *exec.Cmd, log *os.File) error {
	command.Stdout, command.Stderr = log, log
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	go func() {
		// Linux sends the death signal when the thread ends that started the process.
		runtime.LockOSThread()
		err := command.Start()
		started <- err
		if err == nil {
			logrus.Fatalf("%s exited: %v", name, command.Wait())
		}
	}()
	return <-started
}
