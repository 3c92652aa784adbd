// Package objectstorage plays what becomes of the object storage that a deployment says once, for all roles.
package objectstorage

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/testing/play"
	"github.com/metal-stack/initial-cluster/testing/storetest"
)

const top = "../../.."

// values are what the roles make of it.
const values = `
- hosts: localhost
  gather_facts: false
  vars: {ansible_python_interpreter: "{{ ansible_playbook_python }}"}
  vars_files:
    - "{{ top }}/roles/metal_control_plane/vars/main.yml"
    - "{{ top }}/roles/initial_cluster/vars/main.yml"
    - "{{ top }}/roles/etcd_backup/vars/main.yml"
  tasks:
    - ansible.builtin.copy:
        dest: values.json
        mode: "0600"
        content: >-
          {{ {'databases': __metal_control_plane_variables, 'garden': initial_cluster_gardener_backup_infrastructure,
              'secret': initial_cluster_gardener_backup_infrastructure_secret, 'etcd': __etcd_backup_object_storage} | to_json }}
`

// played gives the values for what a deployment says.
func played(t *testing.T, variables map[string]any) (got map[string]any) {
	t.Helper()
	h := play.NewHere(t, top, values)
	folder, err := filepath.Abs(top)
	require.NoError(t, err)
	variables["top"] = folder
	write(t, h, variables)
	out, failed := h.Play(t, "-e", "@variables.json")
	require.False(t, failed, out)
	text, err := os.ReadFile(filepath.Join(h.Dir, "values.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &got))
	return got
}

func write(t *testing.T, h *play.Here, variables map[string]any) {
	t.Helper()
	text, err := json.Marshal(variables)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(h.Dir, "variables.json"), text, 0o600))
}

func base64Of(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

func TestAllRolesTakeTheObjectStorageThatIsSaidOnce(t *testing.T) {
	t.Parallel()
	s3 := map[string]any{"endpoint": "https://s3.example.com", "region": "eu", "bucket": "backups", "access_key": "me", "secret_key": "hunter2", "ca_cert": "PEM"}
	account := `{"type": "service_account"}`
	gcs := map[string]any{"bucket": "backups", "location": "europe-west3", "project": "p", "serviceaccount_json": account}
	for name, c := range map[string]struct{ say, want map[string]any }{
		"S3": {map[string]any{"initial_cluster_object_storage": map[string]any{"s3": s3}}, map[string]any{
			"databases": map[string]any{"metal_control_plane_backup": map[string]any{"provider": "s3", "s3": map[string]any{
				"bucket_name": "backups", "endpoint": "https://s3.example.com", "region": "eu", "access_key": "me", "secret_key": "hunter2", "trusted_ca_cert": "PEM",
			}}},
			"garden": map[string]any{"provider": "S3", "region": "eu", "bucket": "backups"},
			"secret": map[string]any{
				"endpoint": base64Of("https://s3.example.com"), "accessKeyID": base64Of("me"), "secretAccessKey": base64Of("hunter2"), "region": base64Of("eu"), "trustedCaCert": base64Of("PEM"),
			},
			"etcd": []any{map[string]any{"s3": map[string]any{
				"prefix": "etcd", "endpoint": "https://s3.example.com", "region": "eu", "bucket": "backups", "access_key": "me", "secret_key": "hunter2", "ca_cert": "PEM",
			}}},
		}},
		"Google": {map[string]any{"initial_cluster_object_storage": map[string]any{"gcs": gcs}}, map[string]any{
			"databases": map[string]any{"metal_control_plane_backup": map[string]any{"provider": "gcp", "gcp": map[string]any{
				"bucket_name": "backups", "backup_location": "europe-west3", "project_id": "p", "serviceaccount_json": map[string]any{"type": "service_account"},
			}}},
			"garden": map[string]any{"provider": "gcp", "region": "europe-west3", "bucket": "backups"},
			"secret": map[string]any{"serviceaccount.json": base64Of(account)},
			"etcd": []any{map[string]any{"gcs": map[string]any{
				"bucket": "backups", "prefix": "etcd", "google": map[string]any{"service_account_contents": map[string]any{"type": "service_account"}},
			}}},
		}},
		"none": {map[string]any{}, map[string]any{"databases": map[string]any{}, "garden": map[string]any{}, "secret": map[string]any{}, "etcd": []any{}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.want, played(t, c.say))
		})
	}
}

// What the databases alone have goes over it.
func TestTheDatabasesVariablesGoOverIt(t *testing.T) {
	t.Parallel()
	got := played(t, map[string]any{
		"initial_cluster_object_storage": map[string]any{"s3": map[string]any{"endpoint": "e", "bucket": "backups", "access_key": "me", "secret_key": "hunter2"}},
		"metal_control_plane_backup":     map[string]any{"encryption_key": "k", "s3": map[string]any{"bucket_name": "databases"}},
	})
	assert.Equal(t, map[string]any{"metal_control_plane_backup": map[string]any{
		"provider": "s3", "encryption_key": "k", "s3": map[string]any{"bucket_name": "databases", "endpoint": "e", "access_key": "me", "secret_key": "hunter2"},
	}}, got["databases"])
}

// The role etcd_backup gets by with it.
func TestEtcdsBackupsAreFoundThere(t *testing.T) {
	t.Parallel()
	server := storetest.StartS3(t)
	o := server.Bucket(t, minio.MakeBucketOptions{})
	authority, err := os.ReadFile(o.CAFile)
	require.NoError(t, err)
	h := play.NewHere(t, top, `
- hosts: localhost
  gather_facts: false
  vars: {ansible_python_interpreter: "{{ ansible_playbook_python }}"}
  roles: [metalstack.initial_cluster.etcd_backup]
  tasks:
    - ansible.builtin.debug: {var: etcd_backup_result.msg}
`)
	h.Secrets = storetest.Secrets
	write(t, h, map[string]any{
		"etcd_backup_state": "listed", "etcd_backup_signing_key": signing(t),
		"initial_cluster_object_storage": map[string]any{"s3": map[string]any{
			"endpoint": o.Endpoint, "region": o.Region, "bucket": o.Bucket, "access_key": o.AccessKey, "secret_key": o.SecretKey, "ca_cert": string(authority),
		}},
	})
	out, failed := h.Play(t, "-e", "@variables.json")
	require.False(t, failed, out)
	assert.Contains(t, out, "listed the backups of initial in 1 stores")
	assert.Positive(t, server.Seen("GET /"+o.Bucket), "the server was asked")
}
