package gcp_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/gcp"
	"github.com/metal-stack/initial-cluster/testing/googletest"
)

func TestPermissionsAreAskedFor(t *testing.T) {
	t.Parallel()
	server := lab(t)
	account, err := server.ServiceAccount("lab-project", "ci", "roles/container.clusterViewer")
	require.NoError(t, err)
	number, err := server.Project("lab-project")
	require.NoError(t, err)
	host := server.URL()[len("https://"):]
	for _, c := range []struct {
		name, project, unknown, refused string
		permissions, missing            []string
		world                           func() error
	}{
		{name: "some are missing", project: "lab-project", permissions: []string{"container.clusters.get", "container.clusters.create"}, missing: []string{"container.clusters.create"}},
		{name: "none is missing", project: "lab-project", permissions: []string{"container.clusters.get"}, missing: []string{}},
		{name: "another project", project: "lab-projekt", permissions: []string{"container.clusters.get"},
			refused: "on project lab-projekt: no such project, or the account has no access to it; check the project's id"},
		{name: "no permission of this kind", project: "lab-project", permissions: []string{"container.clusters.Ärger"},
			refused: "on project lab-project: Permission container.clusters.Ärger is not valid for this resource; check permissions and the project's id"},
		{name: "a proxy's page", project: "lab-project", unknown: host + " answers 407 Proxy Authentication Required; check whether a proxy answers in its place",
			world: func() error {
				server.Inject(googletest.Fault{Path: "/v1/projects", Status: 407, Body: "<html>"})
				return nil
			}},
		{name: "no list", project: "lab-project", unknown: host + " answers something that is no list of permissions",
			world: func() error { server.Inject(googletest.Fault{Path: "/v1/projects", Body: "[]"}); return nil }},
		{name: "a disabled API", project: "lab-project", unknown: "cloudresourcemanager.googleapis.com is disabled in project " + number +
			"; enable it and wait some minutes: gcloud services enable cloudresourcemanager.googleapis.com --project " + number,
			world: func() error { return server.DisableAPI("lab-project", "cloudresourcemanager.googleapis.com", true) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.world != nil {
				require.NoError(t, c.world())
			}
			t.Cleanup(server.ClearFaults)
			credentials := open(t, gcp.Source{KeyJSON: string(account.KeyJSON), Endpoints: gcp.Endpoints{ResourceManager: server.URL()}})
			found, err := credentials.Preflight(t.Context(), c.project, c.permissions)
			if c.refused != "" {
				assert.EqualError(t, err, "check permissions of "+ci+" (given inline) "+c.refused)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, gcp.Preflight{Missing: c.missing, Unknown: c.unknown}, found)
		})
	}
}

func TestATokenThatWasRevokedIsNoProof(t *testing.T) {
	t.Parallel()
	server := lab(t)
	access, err := server.Mint(ci, time.Hour, gcp.ScopeCloudPlatform)
	require.NoError(t, err)
	require.NoError(t, server.RevokeToken(access))
	credentials := open(t, gcp.Source{AccessToken: access, Endpoints: gcp.Endpoints{ResourceManager: server.URL()}})
	_, err = credentials.Preflight(t.Context(), "lab-project", []string{"container.clusters.get"})
	assert.EqualError(t, err, "check permissions of access token (given inline) on project lab-project: "+server.URL()[len("https://"):]+
		" does not accept the token; it has expired or was revoked")
}
