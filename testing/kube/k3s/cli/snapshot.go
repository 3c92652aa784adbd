package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/spf13/pflag"
	"sigs.k8s.io/yaml"

	"github.com/metal-stack/initial-cluster/testing/kube/k3s/access"
	"github.com/metal-stack/initial-cluster/testing/kube/k3s/server"
)

func init() {
	commands["etcd-snapshot"] = func(a []string) int { return fatal(runSnapshot(a)) }
}

// client are the flags of commands that ask the server of this machine.
type client struct{ dataDir, server, token string }

func (c *client) flags(name string) *pflag.FlagSet {
	f := pflag.NewFlagSet(name, pflag.ContinueOnError)
	f.StringP("config", "c", "", "")
	f.StringVarP(&c.dataDir, "data-dir", "d", "/var/lib/rancher/k3s", "")
	f.Bool("debug", false, "")
	if dir := os.Getenv("K3S_DATA_DIR"); dir != "" {
		c.dataDir = dir
	}
	return f
}

// local adds the flags that lead to another server or use another token than this machine's.
func (c *client) local(f *pflag.FlagSet, serverFlag, tokenFlag string) {
	f.StringVarP(&c.server, serverFlag, "s", "https://127.0.0.1:6443", "")
	f.StringVarP(&c.token, tokenFlag, "t", os.Getenv("K3S_TOKEN"), "")
}

func (c *client) open() (*access.Server, error) {
	if c.token == "" {
		content, err := os.ReadFile(filepath.Join(c.dataDir, "server", "token"))
		if err != nil {
			return nil, err
		}
		c.token = strings.TrimSpace(string(content))
	}
	return access.Open(c.server, c.token, "server")
}

// snapshotTimeout is how long k3s waits for a snapshot.
const snapshotTimeout = 2 * time.Minute

func runSnapshot(arguments []string) error {
	operation, rest := "save", arguments
	if len(arguments) > 0 && !strings.HasPrefix(arguments[0], "-") {
		operation, rest = arguments[0], arguments[1:]
	}
	if operation == "ls" {
		operation = "list"
	}
	if !slices.Contains([]string{"save", "list", "delete", "prune"}, operation) {
		return fmt.Errorf("No help topic for '%s'", operation)
	}
	var c client
	f := c.flags("etcd-snapshot")
	c.local(f, "etcd-server", "etcd-token")
	request, output := requestFlags(f)
	if err := parse(f, rest, nil); err != nil {
		return err
	}
	asked, err := request(operation)
	if err != nil {
		return err
	}
	at, err := c.open()
	if err != nil {
		return err
	}
	at.Timeout(snapshotTimeout)
	body, err := json.Marshal(asked)
	if err != nil {
		return err
	}
	content, err := at.Do(http.MethodPost, "/db/snapshot", nil, body)
	if err != nil {
		return message(err)
	}
	if operation == "list" {
		return show(content, *output)
	}
	return tell(content, asked)
}

// requestFlags are those that go into the request.
func requestFlags(f *pflag.FlagSet) (request func(operation string) (server.SnapshotRequest, error), output *string) {
	name := f.String("name", "", "")
	dir := f.String("etcd-snapshot-dir", "", "")
	f.StringVar(dir, "dir", "", "")
	compress := f.Bool("etcd-snapshot-compress", false, "")
	f.BoolVar(compress, "snapshot-compress", false, "")
	retention := f.Int("etcd-snapshot-retention", 5, "")
	f.IntVar(retention, "snapshot-retention", 5, "")
	output = f.StringP("output", "o", "table", "")
	return func(operation string) (server.SnapshotRequest, error) {
		r := server.SnapshotRequest{Operation: operation}
		if *name != "" {
			r.Name = []string{*name}
		}
		if operation == "delete" {
			if r.Name = f.Args(); len(r.Name) == 0 {
				return r, errors.New("no snapshots given for removal")
			}
		} else if f.NArg() > 0 {
			return r, fmt.Errorf("unexpected arguments: %v", f.Args())
		}
		if f.Changed("dir") || f.Changed("etcd-snapshot-dir") {
			r.Dir = dir
		}
		if f.Changed("snapshot-compress") || f.Changed("etcd-snapshot-compress") {
			r.Compress = compress
		}
		if f.Changed("snapshot-retention") || f.Changed("etcd-snapshot-retention") {
			r.Retention = retention
		}
		return r, nil
	}, output
}

// message is what the server says of a failure, which is not its cause: that is in the journal.
func message(err error) error {
	var failed *access.Failed
	var status struct {
		Message string `json:"message"`
	}
	if errors.As(err, &failed) && json.Unmarshal([]byte(failed.Body), &status) == nil && status.Message != "" {
		return errors.New(status.Message)
	}
	return err
}

func tell(content []byte, asked server.SnapshotRequest) error {
	var result server.SnapshotResult
	if err := json.Unmarshal(content, &result); err != nil {
		return err
	}
	for _, name := range result.Created {
		logrus.Infof("Snapshot %s saved.", name)
	}
	for _, name := range result.Deleted {
		logrus.Infof("Snapshot %s deleted.", name)
	}
	if asked.Operation == "delete" {
		for _, name := range asked.Name {
			if !slices.Contains(result.Deleted, name) {
				logrus.Warnf("Snapshot %s not found.", name)
			}
		}
	}
	return nil
}

func show(content []byte, output string) error {
	var list server.SnapshotList
	if err := json.Unmarshal(content, &list); err != nil {
		return err
	}
	switch output {
	case "json":
		_, err := fmt.Println(string(content))
		return err
	case "yaml":
		text, err := yaml.JSONToYAML(content)
		fmt.Print(string(text))
		return err
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 1, ' ', 0)
	fmt.Fprintln(w, "Name\tLocation\tSize\tCreated")
	for _, one := range list.Items {
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\n", one.Spec.SnapshotName, one.Spec.Location, one.Status.Size, one.Status.CreationTime.Format(time.RFC3339))
	}
	return w.Flush()
}
