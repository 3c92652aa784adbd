package main

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/metal-stack/initial-cluster/internal/k3s/cluster"
	"github.com/metal-stack/initial-cluster/modules/internal/target"
)

type params struct {
	target.Params
	Operation    string `ansible:"operation"`
	Node         string `ansible:"node"`
	Version      string `ansible:"version"`
	NewToken     string `ansible:"new_token"`
	SnapshotName string `ansible:"snapshot_name"`
	Force        bool   `ansible:"force"`
	Timeout      int    `ansible:"timeout"`
	DataDir      string `ansible:"data_dir"`
	BinDir       string `ansible:"bin_dir"`
	Port         int    `ansible:"port"`
}

// check tells all that is wrong with the options at once.
func (in params) check() error {
	problems := in.Problems()
	add := func(wrong bool, format string, args ...any) {
		if wrong {
			problems = append(problems, fmt.Sprintf(format, args...))
		}
	}
	add(in.Timeout < 1, "timeout: at least 1 second is wanted")
	add(in.Port < 1 || in.Port > 65535, "port: %d is no port, which is 1 to 65535", in.Port)
	add(in.Force && in.Operation != drain, "force: it is for operation %s alone", drain)
	add(strings.ContainsAny(in.SnapshotName, "/ "), "snapshot_name: %q has a / or a space in it, and is to be the beginning of a file's name", in.SnapshotName)
	if in.Version != "" {
		if _, err := cluster.ParseVersion(in.Version); err != nil {
			problems = append(problems, "version: "+err.Error())
		}
	}
	if in.NewToken != "" {
		if token, err := cluster.ParseToken(in.NewToken); err != nil {
			problems = append(problems, "new_token: "+err.Error())
		} else {
			add(token.Bootstrap(), "new_token: it is a bootstrap token, with which servers cannot start; give another text")
		}
	}
	if len(problems) > 0 {
		return errors.New(strings.Join(problems, "; "))
	}
	return nil
}

func (in params) timeout() time.Duration { return time.Duration(in.Timeout) * time.Second }

func (in params) tokenFile() string { return path.Join(in.DataDir, "server/token") }

func (in params) k3s() string { return path.Join(in.BinDir, "k3s") }

func (in params) url() string { return fmt.Sprintf("https://127.0.0.1:%d", in.Port) }
