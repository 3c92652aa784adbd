package k3s

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Installation is where a k3s server lies.
type Installation struct {
	DataDir   string // usually /var/lib/rancher/k3s
	ConfigDir string // usually /etc/rancher/k3s
}

// Certificates are those of k3s' own client of its etcd.
func (i Installation) Certificates() (ca, certificate, key string) {
	at := func(name string) string { return filepath.Join(i.DataDir, "server/tls/etcd", name) }
	return at("server-ca.crt"), at("client.crt"), at("client.key")
}

// Endpoint is k3s' etcd on a server itself.
const Endpoint = "https://127.0.0.1:2379"

// Token reads the server's token.
func (i Installation) Token() (string, error) {
	path := filepath.Join(i.DataDir, "server/token")
	content, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read the server's token: %w; run this on a k3s server", err)
	}
	token := strings.TrimSpace(string(content))
	if token == "" {
		return "", fmt.Errorf("read the server's token: %s is empty; k3s writes it when it starts", path)
	}
	return token, nil
}

// File is one that a restore may need.
type File struct {
	Name    string // in a backup
	Content []byte
}

// maxFile and maxFiles keep a folder of something else from ending up in a backup.
const (
	maxFile  = 4 << 20 // bytes
	maxFiles = 1000
)

// Files reads all that a restore may need beside the database: tokens, configuration and manifests. What is not there is left out.
func (i Installation) Files() ([]File, error) {
	var files []File
	for _, root := range []struct{ path, name string }{
		{filepath.Join(i.DataDir, "server/token"), "k3s/server/token"},
		{filepath.Join(i.DataDir, "server/agent-token"), "k3s/server/agent-token"},
		{filepath.Join(i.DataDir, "server/cred/passwd"), "k3s/server/cred/passwd"},
		{filepath.Join(i.DataDir, "server/manifests"), "k3s/server/manifests"},
		{i.ConfigDir, "k3s/config"},
	} {
		found, err := collect(root.path, root.name)
		if err != nil {
			return nil, fmt.Errorf("read what a restore needs: %w", err)
		}
		files = append(files, found...)
	}
	if len(files) > maxFiles {
		return nil, fmt.Errorf("read what a restore needs: there are %d files in %s and %s, and at most %d are expected", len(files), i.DataDir, i.ConfigDir, maxFiles)
	}
	return files, nil
}

// collect reads a file, or all below a folder, following links.
func collect(root, name string) ([]File, error) {
	info, err := os.Stat(root)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	case info.IsDir():
		return collectFolder(root, name)
	case !info.Mode().IsRegular():
		return nil, nil
	case info.Size() > maxFile:
		return nil, fmt.Errorf("%s has %d bytes, and at most %d are expected", root, info.Size(), maxFile)
	}
	content, err := os.ReadFile(root)
	return []File{{name, content}}, err
}

func collectFolder(root, name string) (files []File, err error) {
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		found, err := collect(filepath.Join(root, entry.Name()), name+"/"+entry.Name())
		if err != nil {
			return nil, err
		}
		files = append(files, found...)
	}
	return files, nil
}
