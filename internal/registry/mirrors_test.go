package registry

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestMirrors(t *testing.T) {
	t.Parallel()
	m := Mirrors{"docker.io": "mirror.example.com/docker", "ghcr.io/metal-stack": "mirror.example.com/ms/", "ghcr.io": "nowhere"}
	for image, want := range map[string]string{
		"docker.io/library/postgres":  "mirror.example.com/docker/library/postgres",
		"postgres":                    "mirror.example.com/docker/library/postgres",
		"nsqio/nsq":                   "mirror.example.com/docker/nsqio/nsq",
		"ghcr.io/metal-stack/go-ipam": "mirror.example.com/ms/go-ipam",
		"ghcr.io/metal-stackX/image":  "nowhere/metal-stackX/image",
		"quay.io/thanos/thanos":       "quay.io/thanos/thanos",
		"localhost/image":             "localhost/image",
		"registry:5000/image":         "registry:5000/image",
	} {
		assert.Equal(t, want, m.OfImage(image), image)
	}
	assert.Equal(t, "postgres", Mirrors(nil).OfImage("postgres"))
}
