// Package stores is the option stores, by which a module is told where backups are kept, and its way into package store.
package stores

import (
	"slices"
	"strings"

	"github.com/metal-stack/initial-cluster/internal/ansible"
	"github.com/metal-stack/initial-cluster/modules/internal/auth"
	"github.com/metal-stack/initial-cluster/modules/internal/target"
)

// Option is the option; a module appends it to its own.
func Option() ansible.Option {
	kinds := []string{"folder", "s3", "sftp", "gcs"}
	return ansible.Option{
		Name: "stores", Type: ansible.List, Elements: ansible.Dict, Required: true,
		Description: []string{
			"Where backups are kept: one or more, each a folder, an S3-compatible bucket, a folder of an SFTP server, or a bucket of Google Cloud Storage.",
			"What is stored is put beside its place and renamed, or sent with a checksum that the server compares, so that nothing half is ever listed.",
		},
		Options:     slices.Concat([]ansible.Option{folder(), s3(), sftp(), gcs()}, limits()),
		Constraints: ansible.Constraints{MutuallyExclusive: [][]string{kinds}, RequiredOneOf: [][]string{kinds}},
	}
}

func folder() ansible.Option {
	return ansible.Option{
		Name: "folder", Type: ansible.Path,
		Description: []string{
			"An absolute path on the host where the module runs. The folder must be there: an unmounted disk is an error, not an empty store.",
			"Files get mode 0600, folders 0700, and both are synced.",
		},
	}
}

func limits() []ansible.Option {
	return []ansible.Option{
		{Name: "timeout", Type: ansible.Int, Default: 900, Description: []string{"How many seconds one operation, as an upload, may take with all its attempts."}},
		{
			Name: "stall_timeout", Type: ansible.Int, Default: 30,
			Description: []string{"After how many seconds without a byte an attempt is given up. An upload or download goes on where it was."},
		},
	}
}

func s3() ansible.Option {
	return ansible.Option{
		Name: "s3", Type: ansible.Dict,
		Description: []string{
			"A bucket of Amazon S3, or of what speaks its protocol: MinIO, Ceph, versitygw and others.",
			"Its key must be allowed to list, read, write and delete below the prefix. In a bucket with versions a deleted backup's version stays; " +
				"a lifecycle rule may remove it. What object lock protects is not deleted.",
		},
		Options: slices.Concat(bucket("s3"), []ansible.Option{
			{
				Name:        "endpoint",
				Description: []string{"The server's URL, as V(https://minio.example:9000). Without, Amazon's."},
			},
			{Name: "region", Description: []string{"The bucket's region. Without, the server is asked, which some do not allow."}},
			{
				Name: "bucket_lookup", Default: "auto", Choices: []any{"auto", "path", "dns"},
				Description: []string{
					"How requests name the bucket: in the path, or as a part of the host's name. V(auto) is V(dns) for Amazon and V(path) for others.",
				},
			},
			{Name: "access_key", Required: true, NoLog: ansible.NotSecret, Description: []string{"The access key's identifier."}},
			{Name: "secret_key", Required: true, NoLog: ansible.Secret, Description: []string{"The secret access key."}},
			{Name: "session_token", NoLog: ansible.Secret, Description: []string{"The session token of temporary keys."}},
		}, authority()),
	}
}

func bucket(kind string) []ansible.Option {
	return []ansible.Option{
		{Name: "bucket", Required: true, Description: []string{"The bucket, which must be there."}},
		{
			Name:        "prefix",
			Description: []string{"What stands before all names in O(stores." + kind + ".bucket), without slashes at its ends. With one of its own for each use a bucket may serve several."},
		},
	}
}

func authority() []ansible.Option {
	return []ansible.Option{
		{
			Name: "ca_file", Type: ansible.Path,
			Description: []string{"A file with the certificates (PEM) of the server's authority, beside those that the host knows. The server's certificate is checked always."},
		},
		{Name: "ca_cert", Description: []string{"The same certificates as text."}},
	}
}

func sftp() ansible.Option {
	return ansible.Option{
		Name: "sftp", Type: ansible.Dict,
		Description: []string{"A folder of an SFTP server. The account need not run commands."},
		Options: []ansible.Option{
			{
				Name: "path", Type: ansible.Str, Required: true,
				Description: []string{"The folder, which must be there. A path that does not begin with a slash begins where the login does."},
			},
			below("stores.sftp", login()),
		},
	}
}

// login leads to the server.
func login() ansible.Option {
	o := target.Option()
	o.Required = true
	o.Description = []string{"How to log in. The host's key is checked always. Of C(~/.ssh/config) nothing is read; O(ssh.sudo) does not go with files alone."}
	return o
}

func gcs() ansible.Option {
	return ansible.Option{
		Name: "gcs", Type: ansible.Dict,
		Description: []string{
			"A bucket of Google Cloud Storage. The account needs C(roles/storage.objectAdmin) on it.",
			"What a retention policy or a hold protects is not deleted.",
		},
		Options: slices.Concat(bucket("gcs"), authority(), []ansible.Option{
			{
				Name:        "endpoint",
				Description: []string{"Where Google Cloud Storage is reached, for networks with Private Service Connect. Without, C(https://storage.googleapis.com)."},
			},
			below("stores.gcs", ansible.Option{
				Name: "google", Type: ansible.Dict, Options: auth.Options(),
				Constraints: ansible.Constraints{RequiredBy: auth.RequiredBy(), RequiredIf: auth.RequiredIf()},
				Description: []string{"Which credentials to use. Without, the application default credentials."},
			}),
		}),
	}
}

// below makes the texts of an option name its suboptions by their whole path.
func below(path string, o ansible.Option) ansible.Option {
	names := []string{o.Name + "."}
	if o.Name == "google" { // its suboptions are a module's own options elsewhere
		names = nil
		path += ".google"
		for _, sub := range o.Options {
			names = append(names, sub.Name)
		}
	}
	rewrite := func(texts []string) []string {
		texts = slices.Clone(texts)
		for i := range texts {
			for _, name := range names {
				texts[i] = strings.ReplaceAll(texts[i], "O("+name, "O("+path+"."+name)
			}
		}
		return texts
	}
	o.Description = rewrite(o.Description)
	o.Options = slices.Clone(o.Options)
	for i := range o.Options {
		o.Options[i].Description = rewrite(o.Options[i].Description)
	}
	return o
}
