package store

import (
	"fmt"
	"path/filepath"

	"github.com/metal-stack/initial-cluster/internal/host"
)

// OpenFolder opens a folder of this machine, which must be there when it is used. Files are made with mode 0600, folders with 0700;
// everything is synced before it counts.
func OpenFolder(path string, l Limits) (Store, error) {
	if !filepath.IsAbs(path) || filepath.Clean(path) == "/" {
		return nil, fmt.Errorf("folder %q: an absolute path below / is wanted", path)
	}
	path = filepath.Clean(path)
	return guarded(&files{disks: host.LocalDisks{}, root: path, name: path}, l), nil
}
