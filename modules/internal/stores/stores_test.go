package stores_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/ansible"
	"github.com/metal-stack/initial-cluster/internal/store"
	"github.com/metal-stack/initial-cluster/modules/internal/stores"
	"github.com/metal-stack/initial-cluster/testing/storetest"
)

// params and spec are of a module that puts one content into all stores.
type params struct{ stores.Params }

var spec = ansible.Spec{
	Name: "keep", ShortDescription: "Keep a content", Description: []string{"Keeps a content."}, Options: []ansible.Option{stores.Option()},
	Examples: "- metalstack.initial_cluster.keep:\n    stores: [{folder: /backups}]\n",
	Returns:  []ansible.Return{{Name: "stores", Type: ansible.List, Elements: ansible.Str, Returned: "always", Description: "Where.", Sample: []any{"/backups"}}},
}

func run(ctx context.Context, in params, _ ansible.Mode) (ansible.Result, error) {
	if problems := in.Problems(); len(problems) > 0 {
		return ansible.Result{}, errors.New(strings.Join(problems, " | "))
	}
	opened, err := in.Open(ctx)
	if err != nil {
		return ansible.Result{}, err
	}
	var said []string
	for _, s := range opened {
		err = errors.Join(err, s.Put(ctx, storetest.Content("a/b", []byte("1"))))
		said = append(said, s.String())
	}
	return ansible.Result{Changed: true, Msg: strings.Join(said, " | ")}, errors.Join(err, stores.Close(opened))
}

const asModule = "RUN_AS_MODULE"

func TestMain(m *testing.M) {
	if os.Getenv(asModule) != "" {
		ansible.Main(spec, run)
	}
	os.Exit(m.Run())
}

func TestTheSpecificationFitsTheParams(t *testing.T) {
	assert.Empty(t, ansible.Check[params](spec))
}

// module runs the module as Ansible does, and gives its msg.
func module(t *testing.T, list ...map[string]any) string {
	t.Helper()
	text, err := json.Marshal(map[string]any{"stores": append([]map[string]any{}, list...)})
	require.NoError(t, err)
	command := exec.Command(os.Args[0], "-")
	command.Env = []string{asModule + "=1", "HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH")}
	command.Stdin = bytes.NewReader(text)
	var out bytes.Buffer
	command.Stdout = &out
	err = command.Run()
	var exit *exec.ExitError
	require.True(t, err == nil || errors.As(err, &exit), "%v", err)
	var result struct{ Msg string }
	require.NoError(t, json.Unmarshal(out.Bytes(), &result), out.String())
	for _, secret := range storetest.Secrets {
		assert.NotContains(t, out.String(), secret)
	}
	return result.Msg
}

func TestTheOptionLeadsToEachKind(t *testing.T) {
	t.Parallel()
	var options []map[string]any
	var places []string
	var kept []store.Store
	for _, kind := range storetest.Kinds {
		spot := storetest.Start(t, kind).Spot(t)
		options, kept = append(options, spot.Option), append(kept, spot.Open(store.Limits{}))
		places = append(places, kept[len(kept)-1].String())
	}
	assert.Equal(t, strings.Join(places, " | "), module(t, options...))
	for _, s := range kept {
		var content bytes.Buffer
		_, err := s.Get(t.Context(), "a/b", &content)
		require.NoError(t, err)
		assert.Equal(t, "1", content.String())
	}
}

func TestFilesThatAreMissingAreToldAtOnce(t *testing.T) {
	t.Parallel()
	said := module(
		t,
		map[string]any{"s3": map[string]any{"bucket": "backups", "endpoint": "https://minio", "access_key": "a", "secret_key": "b", "ca_file": "/nowhere/ca"}},
		map[string]any{"gcs": map[string]any{"bucket": "backups", "google": map[string]any{"service_account_file": "/nowhere/key"}}},
	)
	assert.Equal(t, "stores[0]: read ca_file: open /nowhere/ca: no such file or directory; "+
		"stores[1]: read credentials /nowhere/key: no such file; check the path, on the host where the task runs", said)
}

func TestWrongOptionsAreToldAtOnce(t *testing.T) {
	t.Parallel()
	ssh := map[string]any{"host": "root@nas", "sudo": true}
	said := module(
		t,
		map[string]any{"folder": "/", "timeout": 0, "stall_timeout": 0},
		map[string]any{"s3": map[string]any{"bucket": "Backups", "prefix": "/one", "endpoint": "minio:9000", "access_key": "a", "secret_key": storetest.Secrets[0] + "\n"}},
		map[string]any{"sftp": map[string]any{"path": "/", "ssh": ssh}},
		map[string]any{"gcs": map[string]any{"bucket": "b", "endpoint": "http://storage.googleapis.com", "google": map[string]any{"auth_kind": "application", "access_token": "token-of-mine"}}},
		map[string]any{"folder": "/backups"},
		map[string]any{"folder": "/backups"},
	)
	assert.Equal(t, strings.Join([]string{
		`stores[0].folder: "/" is no absolute path below /`,
		`stores[0].timeout: at least 1 second is wanted`,
		`stores[0].stall_timeout: at least 1 second is wanted`,
		`stores[1].s3.bucket: "Backups" is no name of a bucket`,
		`stores[1].s3.prefix: "/one" is no prefix; words of letters, digits, '.', '_' and '-' with slashes between are`,
		`stores[1].s3.endpoint: "minio:9000" is no URL of a server, as https://minio.example:9000 is`,
		`stores[1].s3.secret_key: it has white space in it; is it of a file read as a whole?`,
		`stores[2].sftp.path: "/" is no folder for backups; name one below /`,
		`stores[2].sftp.ssh.sudo: not with files alone; log in as who may write them`,
		`stores[2].sftp.ssh.host: "root@nas" is no name or address of a host; user and port have options of their own`,
		`stores[3].gcs.bucket: "b" is no name of a bucket`,
		`stores[3].gcs.endpoint: "http://storage.googleapis.com" is no URL of a server, as https://storage.googleapis.com is`,
		`stores[3].gcs.google.access_token: not with auth_kind application; leave one of the two out, also in the environment (GCP_...)`,
		`stores[5]: it is the same as stores[4]; leave one of the two out`,
	}, " | "), said)
	assert.Equal(t, "stores: give at least one", module(t))
	assert.Equal(t, "parameters are mutually exclusive: folder|s3|sftp|gcs found in stores", module(t, map[string]any{"folder": "/a", "s3": map[string]any{"bucket": "abc", "access_key": "a", "secret_key": "b"}}))
	assert.Equal(t, "one of the following is required: folder, s3, sftp, gcs found in stores", module(t, map[string]any{}))
}
