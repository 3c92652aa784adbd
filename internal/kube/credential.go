package kube

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// execEntry is a credential plugin as a kubeconfig has it.
type execEntry struct {
	Command            string
	Args               []string
	Env                []struct{ Name, Value string }
	APIVersion         string `yaml:"apiVersion"`
	InstallHint        string `yaml:"installHint"`
	InteractiveMode    string `yaml:"interactiveMode"`
	ProvideClusterInfo bool   `yaml:"provideClusterInfo"`
}

// execInfo is the ExecCredential that a plugin is asked with, and answers with.
type execInfo struct {
	Kind       string      `json:"kind"`
	APIVersion string      `json:"apiVersion"`
	Spec       execSpec    `json:"spec"`
	Status     *execStatus `json:"status,omitempty"`
}

type execSpec struct {
	Interactive bool         `json:"interactive"`
	Cluster     *execCluster `json:"cluster,omitempty"`
}

type execCluster struct {
	Server string `json:"server"`
}

type execStatus struct {
	Token                 string `json:"token"`
	ClientCertificateData string `json:"clientCertificateData"`
	ClientKeyData         string `json:"clientKeyData"`
}

// authenticate runs the context's credential plugin, if it has one.
func (k *Context) authenticate(ctx context.Context) error {
	if k.exec == nil {
		return nil
	}
	if k.exec.InteractiveMode == "Always" {
		return errors.New("its credential plugin wants a terminal (interactiveMode Always); take a credential that needs none")
	}
	given, err := k.exec.run(ctx, filepath.Dir(k.path), k.Server)
	if err != nil {
		return err
	}
	k.token = given.Token
	if given.ClientCertificateData != "" {
		return k.identify([]byte(given.ClientCertificateData), []byte(given.ClientKeyData))
	}
	return nil
}

func (e *execEntry) run(ctx context.Context, folder, server string) (*execStatus, error) {
	question := execInfo{Kind: "ExecCredential", APIVersion: e.APIVersion}
	if e.ProvideClusterInfo {
		question.Spec.Cluster = &execCluster{server}
	}
	asked, err := json.Marshal(question)
	if err != nil {
		return nil, err
	}
	command := e.Command
	if strings.ContainsRune(command, '/') && !filepath.IsAbs(command) {
		command = filepath.Join(folder, command)
	}
	plugin := exec.CommandContext(ctx, command, e.Args...)
	plugin.Env = append(os.Environ(), "KUBERNETES_EXEC_INFO="+string(asked))
	for _, variable := range e.Env {
		plugin.Env = append(plugin.Env, variable.Name+"="+variable.Value)
	}
	var said, complaints bytes.Buffer
	plugin.Stdout, plugin.Stderr = &said, &complaints
	if err := plugin.Run(); err != nil {
		return nil, e.failure(err, complaints.String())
	}
	var answer execInfo
	if json.Unmarshal(said.Bytes(), &answer) != nil || answer.Status == nil || answer.Status.Token == "" && answer.Status.ClientCertificateData == "" {
		return nil, fmt.Errorf("its credential plugin %s prints no credential; run it by hand to see what it prints", e.Command)
	}
	return answer.Status, nil
}

func (e *execEntry) failure(err error, complaints string) error {
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, os.ErrNotExist) {
		next := "install it, or correct PATH"
		if e.InstallHint != "" {
			next = strings.Join(strings.Fields(e.InstallHint), " ")
		}
		return fmt.Errorf("its credential plugin %s is not there; %s", e.Command, next)
	}
	lines := strings.Split(strings.TrimSpace(complaints), "\n")
	if last := strings.Join(strings.Fields(lines[len(lines)-1]), " "); last != "" {
		err = fmt.Errorf("%w: %s", err, last)
	}
	return fmt.Errorf("its credential plugin %s: %w; run it by hand to see more", e.Command, err)
}
