// Part is what the pods of metal-stack's control plane run on the lab's machines, where the real images are not to be had. By the name that it
// is called it is a database with its sidecar and its probes, one of nsq's programs, a service, or a job that is done at once.
package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// ports are where the programs listen: the first with HTTP.
var ports = map[string][]string{
	"service": {"8080"}, "nsqd": {"4151", "4150"}, "nsqlookupd": {"4161", "4160"}, "nsqadmin": {"4171"},
	"postgres": {"2112", "5432"}, "rethinkdb": {"8080", "28015"}, "valkey": {"9121", "6379"},
}

func main() {
	if err := run(filepath.Base(os.Args[0]), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(name string, arguments []string) error {
	switch name {
	case "job":
		return nil
	case "cp":
		return copyAll(arguments[:len(arguments)-1], arguments[len(arguments)-1])
	case "pg_isready":
		return dial(ports["postgres"][1])
	case "valkey-cli":
		return dial(ports["valkey"][1])
	case "backup-restore-sidecar":
		if arguments[0] == "start" {
			return serve(nil)
		}
		return database()
	}
	if ports[name] == nil {
		return fmt.Errorf("the lab has no %s", name)
	}
	return serve(ports[name])
}

// copyAll is what the init container of a database does: it lays the sidecar where the others find it.
func copyAll(names []string, folder string) error {
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, filepath.Base(name)), content, 0o755)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// database becomes that which the sidecar's settings name, and keeps a file where it would keep its data.
func database() error {
	config, err := os.ReadFile("/etc/backup-restore-sidecar/config.yaml")
	if err != nil {
		return err
	}
	settings := map[string]string{}
	for line := range strings.Lines(string(config)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		settings[key] = value
	}
	folder := settings["db-data-directory"]
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, settings["db"]), nil, 0o600); err != nil {
		return err
	}
	return serve(ports[settings["db"]])
}

func dial(port string) error {
	connection, err := net.DialTimeout("tcp", "127.0.0.1:"+port, time.Second)
	if err != nil {
		return err
	}
	return connection.Close()
}

// serve listens until it is told to end.
func serve(ports []string) error {
	for i, port := range ports {
		listener, err := net.Listen("tcp", ":"+port)
		if err != nil {
			return err
		}
		if i == 0 {
			go func() { _ = http.Serve(listener, http.HandlerFunc(answer)) }() // it ends with the process
		} else {
			go accept(listener)
		}
	}
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM)
	<-end
	return nil
}

func accept(listener net.Listener) {
	for {
		connection, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			_ = connection.Close()
		}
	}
}

// answer is well, like the metal-api.
func answer(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"status": "healthy"}`+"\n") // a client that is gone has no use for it
}
