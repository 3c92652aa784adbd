package server

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sirupsen/logrus"
)

// deployTick is how often the folder of manifests is looked at.
const deployTick = 5 * time.Second

// deploy applies the files of server/manifests, and again when they change. What a removed file gave stays, as with k3s.
func (s *Server) deploy(ctx context.Context) {
	if err := s.ownManifests(); err != nil {
		logrus.Errorf("Failed to write manifests: %v", err)
	}
	applied := map[string][32]byte{}
	for {
		if err := s.deployAll(ctx, applied); err != nil {
			logrus.Errorf("Failed to process config: %v", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(deployTick):
		}
	}
}

func (s *Server) deployAll(ctx context.Context, applied map[string][32]byte) error {
	return filepath.WalkDir(s.Settings.ServerDir("manifests"), func(path string, entry fs.DirEntry, err error) error {
		suffix := filepath.Ext(path)
		if err != nil || entry.IsDir() || suffix != ".yaml" && suffix != ".yml" && suffix != ".json" {
			return err
		}
		if _, err := os.Stat(path + ".skip"); err == nil {
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if sum := sha256.Sum256(content); applied[path] != sum {
			if err := s.kubectl(ctx, "apply", "--server-side", "--force-conflicts", "--field-manager=deploy@"+s.Settings.NodeName, "-f", path); err != nil {
				logrus.Errorf("Failed to process config: failed to process %s: %v", path, err)
				return nil
			}
			applied[path] = sum
		}
		return nil
	})
}

func (s *Server) kubectl(ctx context.Context, arguments ...string) error {
	command := exec.CommandContext(ctx, "/proc/self/exe", append([]string{"kubectl", "--kubeconfig=" + s.cred("admin.kubeconfig")}, arguments...)...)
	var said bytes.Buffer
	command.Stdout, command.Stderr = nil, &said
	if err := command.Run(); err != nil {
		return fmt.Errorf("%s: %w", strings.TrimSpace(said.String()), err)
	}
	return nil
}

// localStorage is what of k3s' own manifests has no image: the class that the stand-in of the local-path provisioner serves.
const localStorage = `apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata:
  name: local-path
  annotations:
    storageclass.kubernetes.io/is-default-class: "true"
provisioner: rancher.io/local-path
volumeBindingMode: WaitForFirstConsumer
reclaimPolicy: Delete
`

// roleBindings let k3s' controller on each node see the others.
const roleBindings = `apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: system:k3s-controller
rules:
- apiGroups: [""]
  resources: [nodes]
  verbs: [get, list, watch, patch]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: system:k3s-controller
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: system:k3s-controller}
subjects:
- {apiGroup: rbac.authorization.k8s.io, kind: User, name: system:k3s-controller}
`

func (s *Server) ownManifests() error {
	if err := writeFile(s.Settings.ServerDir("manifests", "rolebindings.yaml"), []byte(roleBindings)); err != nil {
		return err
	}
	if slices.Contains(s.Settings.Disable, "local-storage") {
		return nil
	}
	return writeFile(s.Settings.ServerDir("manifests", "local-storage.yaml"), []byte(localStorage))
}
