package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/metal-stack/initial-cluster/testing/imagetest"
)

// image is one that a release vector names.
type image struct{ Name, Tag string }

// hooks are the images of the chart's hooks, which no release vector names.
var hooks = []image{{"docker.io/lab/metal-api", "1"}, {"docker.io/lab/metalctl", "1"}, {"docker.io/lab/metal-apiserver", "1"}}

// pushImages fills the registry with images for pods that really run: all that the release vector names, and kube-vip's.
func (l lab) pushImages(ctx context.Context, host string) error {
	scratch, err := os.MkdirTemp("", "lab-images-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	part, err := l.buildPart(ctx, scratch)
	if err != nil {
		return err
	}
	named, err := imagesOf(vector)
	if err != nil {
		return err
	}
	part.Command = []string{"/service"}
	for _, i := range named {
		if err := push(ctx, host, i, part); err != nil {
			return err
		}
	}
	part.Command = []string{"/job"}
	for _, i := range hooks {
		if err := push(ctx, host, i, part); err != nil {
			return err
		}
	}
	return l.pushKubeVIP(ctx, host, scratch)
}

func push(ctx context.Context, host string, i image, with imagetest.Image) error {
	_, name, _ := strings.Cut(i.Name, "/") // without its registry
	if err := imagetest.Push(ctx, host, name, i.Tag, with); err != nil {
		return fmt.Errorf("push image %s:%s: %w", i.Name, i.Tag, err)
	}
	return nil
}

// names are those by which the program of the pods is called in its images.
var names = []string{
	"/service", "/job", "/nsqd", "/nsqlookupd", "/nsqadmin", "/bin/cp", "/bin/pg_isready", "/bin/valkey-cli", "/backup-restore-sidecar",
	"/rethinkdb/rethinkdb-dump", "/rethinkdb/rethinkdb-restore",
}

func (l lab) buildPart(ctx context.Context, scratch string) (imagetest.Image, error) {
	program, layer := filepath.Join(scratch, "part"), filepath.Join(scratch, "part.tar")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, "./testing/lab/part")
	build.Dir, build.Env = l.top, append(os.Environ(), "CGO_ENABLED=0")
	if said, err := build.CombinedOutput(); err != nil {
		return imagetest.Image{}, fmt.Errorf("build what the pods run: %w: %s", err, said)
	}
	return imagetest.Image{Layer: layer, Path: "/usr/local/bin:/bin"}, imagetest.Program(layer, program, "/part", names...)
}

// pushKubeVIP pushes what stands in for kube-vip, under the names and tags that the role has.
func (l lab) pushKubeVIP(ctx context.Context, host, scratch string) error {
	for _, i := range imagetest.KubeVIP {
		path, layer := "/"+filepath.Base(i.Name), filepath.Join(scratch, filepath.Base(i.Name)+".tar")
		if err := imagetest.Program(layer, filepath.Join(l.top, ".cache/kube/kube-vip"), path); err != nil {
			return fmt.Errorf("%w; make k3s builds it", err)
		}
		if err := push(ctx, host, image(i), imagetest.Image{Layer: layer, Entrypoint: []string{path}, Path: "/"}); err != nil {
			return err
		}
	}
	return nil
}

// imagesOf are all images that a release vector names.
func imagesOf(vector string) ([]image, error) {
	var content struct {
		Images map[string]map[string]map[string]image `yaml:"docker-images"`
	}
	if err := yaml.Unmarshal([]byte(vector), &content); err != nil {
		return nil, err
	}
	var found []image
	for _, maker := range content.Images {
		for _, area := range maker {
			for _, i := range area {
				found = append(found, i)
			}
		}
	}
	return found, nil
}
