package imagetest

import (
	"archive/tar"
	"errors"
	"io"
	"os"
	"strings"
)

// Program writes the layer of an image with one program that needs nothing else. Other names lead to it, by which it can tell what it is to
// do.
func Program(layer, program, path string, names ...string) (err error) {
	file, err := os.Create(layer)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	w := tar.NewWriter(file)
	if err := addFile(w, program, strings.TrimPrefix(path, "/")); err != nil {
		return err
	}
	for _, name := range names {
		link := tar.Header{Typeflag: tar.TypeSymlink, Name: strings.TrimPrefix(name, "/"), Linkname: path, Mode: 0o777}
		if err := w.WriteHeader(&link); err != nil {
			return err
		}
	}
	return w.Close()
}

func addFile(w *tar.Writer, path, name string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: info.Size()}); err != nil {
		return err
	}
	_, err = io.Copy(w, file)
	return err
}

// KubeVIP are the images that the role k3s has as its defaults for kube-vip and its cloud provider.
var KubeVIP = []struct{ Name, Tag string }{{"ghcr.io/kube-vip/kube-vip", "v1.2.3"}, {"ghcr.io/kube-vip/kube-vip-cloud-provider", "v0.0.12"}}
