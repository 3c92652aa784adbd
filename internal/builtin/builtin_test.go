package builtin

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/engine"

	"github.com/metal-stack/initial-cluster/internal/charts"
	"github.com/metal-stack/initial-cluster/internal/controlplane"
	"github.com/metal-stack/initial-cluster/internal/registry"
	"github.com/metal-stack/initial-cluster/internal/releasevector"
	"github.com/metal-stack/initial-cluster/testing/golden"
)

func vector(t *testing.T) *releasevector.Vector {
	t.Helper()
	v, err := releasevector.Source{Ref: "testdata/release.yaml"}.Fetch(t.Context())
	require.NoError(t, err)
	return v
}

// render gives the objects of a component, or why there are none.
func render(t *testing.T, name string, values map[string]any) (string, error) {
	t.Helper()
	known, err := Find(Prefix + name)
	require.NoError(t, err)
	wanted := controlplane.Component{Chart: &charts.Source{Mirrors: registry.Mirrors{"docker.io": "mirror.example.com"}}, Values: values}
	complete, err := known.Complete(wanted, vector(t))
	require.NoError(t, err)
	fetched, err := complete.Chart.Fetch(t.Context())
	require.NoError(t, err)
	loaded, err := fetched.Load()
	require.NoError(t, err)
	scope, err := util.ToRenderValues(loaded, complete.Values, common.ReleaseOptions{Name: name, Namespace: "metal", IsInstall: true}, common.DefaultCapabilities)
	require.NoError(t, err)
	files, err := engine.Render(loaded, scope)
	var b strings.Builder
	for _, file := range slices.Sorted(maps.Keys(files)) {
		if text := strings.TrimSpace(files[file]); text != "" && strings.HasSuffix(file, ".yaml") {
			b.WriteString("# " + file + "\n" + text + "\n---\n")
		}
	}
	return b.String(), err
}

var s3 = map[string]any{"provider": "s3", "object_prefix": "prefix-prod", "encryption_key": strings.Repeat("k", 32), "s3": map[string]any{
	"bucket_name": "backups", "endpoint": "https://s3.example.com", "region": "eu", "access_key": "a", "secret_key": "s", "trusted_ca_cert": "PEM"}}

func merged(values map[string]any, key string, value any) map[string]any {
	return controlplane.Merge(values, map[string]any{key: value})
}

func TestComponentsAreWhatTheyWere(t *testing.T) {
	t.Parallel()
	gcp := map[string]any{"provider": "gcp", "object_prefix": "prefix-prod", "gcp": map[string]any{
		"bucket_name": "backups", "backup_location": "europe-west3", "project_id": "p", "serviceaccount_json": map[string]any{"type": "service_account"}}}
	login := map[string]any{"auths": map[string]any{"registry.example.com": map[string]any{"username": "u", "password": "p"}}}
	for name, c := range map[string]struct {
		component string
		values    map[string]any
	}{
		"postgres":              {"ipam-db", map[string]any{"password": "123456"}},
		"postgres with S3":      {"masterdata-db", map[string]any{"password": "p", "backup": s3, "pull_secret": login, "storage": map[string]any{"class": "fast"}}},
		"rethinkdb":             {"metal-db", map[string]any{"password": "p", "ingress": map[string]any{"enabled": true, "host": "rethinkdb.example.com"}}},
		"rethinkdb with Google": {"metal-db", map[string]any{"password": "p", "backup": gcp}},
		"valkey":                {"valkey", map[string]any{"security_context": map[string]any{"enabled": true, "pod": map[string]any{"runAsUser": 1000}, "container": map[string]any{"allowPrivilegeEscalation": false}}}},
		"timescaledb":           {"auditing-timescaledb", map[string]any{"password": "p"}},
		"nsq":                   {"nsq", map[string]any{"broadcast_address": "nsqd.example.com"}},
		"nsq with certificates": {"nsq", map[string]any{"broadcast_address": "n", "pull_secret": login, "tls": map[string]any{"enabled": true, "ca_cert": "a", "client_cert": "b", "client_key": "c"}}},
		"nsq with a Secret":     {"nsq", map[string]any{"broadcast_address": "n", "tls": map[string]any{"enabled": true, "secret": "nsq-client"}, "tcp_route": map[string]any{"enabled": true}}},
		"zitadel-init":          {"zitadel-init", map[string]any{"endpoint": "zitadel", "external_domain": "auth.example.com", "config": map[string]any{"project": map[string]any{"id": "metal"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			text, err := render(t, c.component, c.values)
			require.NoError(t, err)
			golden.Text(t, name+".golden", text)
		})
	}
}

func TestComponentsRefuseWhatCannotWork(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		component string
		values    map[string]any
		text      string
	}{
		"no password":         {"ipam-db", nil, "password is missing"},
		"no prefix":           {"ipam-db", map[string]any{"password": "p", "backup": merged(s3, "object_prefix", "")}, "backup.object_prefix is missing; give one that no other control plane uses in the bucket"},
		"no bucket":           {"ipam-db", map[string]any{"password": "p", "backup": map[string]any{"provider": "s3", "object_prefix": "x"}}, "backup.s3.bucket_name is missing"},
		"an unknown provider": {"ipam-db", map[string]any{"password": "p", "backup": map[string]any{"provider": "ftp"}}, `backup.provider "ftp" is none of local, gcp and s3`},
		"a short key":         {"ipam-db", map[string]any{"password": "p", "backup": map[string]any{"encryption_key": "short"}}, "backup.encryption_key has not exactly 32 characters"},
		"no image":            {"zitadel-db", map[string]any{"password": "p"}, "image has no name or tag; give both, or a release_vector"},
		"no address":          {"nsq", nil, "broadcast_address is missing"},
		"half a certificate":  {"nsq", map[string]any{"broadcast_address": "n", "tls": map[string]any{"enabled": true, "ca_cert": "a"}}, "tls.client_cert is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := render(t, c.component, c.values)
			assert.ErrorContains(t, err, c.text)
		})
	}
}

func TestChartsOfOthersAreWhereTheReleaseVectorSays(t *testing.T) {
	t.Parallel()
	metal, err := Find("builtin:metal")
	require.NoError(t, err)
	complete, err := metal.Complete(controlplane.Component{Chart: &charts.Source{Ref: "builtin:metal", Username: "u", Password: "p"}}, vector(t))
	require.NoError(t, err)
	assert.Equal(t, &charts.Source{Ref: "oci://ghcr.io/metal-stack/helm-charts/metal-control-plane", Version: "v0.8.8", Username: "u", Password: "p"}, complete.Chart)
	assert.Equal(t, "v0.19.0", complete.Values["metal_api"].(map[string]any)["minimum_client_version"])
	complete, err = metal.Complete(controlplane.Component{Chart: &charts.Source{Version: "v9"}, Values: map[string]any{"metal_api": map[string]any{"minimum_client_version": "v1"}}}, vector(t))
	require.NoError(t, err)
	assert.Equal(t, "v9", complete.Chart.Version)
	assert.Equal(t, "v1", complete.Values["metal_api"].(map[string]any)["minimum_client_version"])
	_, err = metal.Complete(controlplane.Component{Chart: &charts.Source{}}, nil)
	require.EqualError(t, err, "chart builtin:metal: no release vector tells where it is (helm-charts.metal-stack.metal-control-plane); give a release vector, or the chart's own ref and version")
	_, err = Find("builtin:metaldb")
	require.EqualError(t, err, "chart builtin:metaldb: there is no such built-in component; it must be one of nsq, metal-db, ipam-db, masterdata-db, zitadel-db, auditing-timescaledb, valkey, zitadel, zitadel-init, metal")
}
