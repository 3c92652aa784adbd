package main

import "github.com/metal-stack/initial-cluster/internal/ansible"

var vectorOptions = []ansible.Option{
	{Name: "ref", Required: true, Description: []string{"C(oci://HOST/PATH:TAG), a URL, or the path of a file or of a folder with a C(release.yaml) on the host where the task runs."}},
	{Name: "digest", Description: []string{"C(sha256:...) of the artifact's manifest in the registry. Another one under the same name is refused."}},
	{Name: "username", Description: []string{"The user at the registry."}},
	{Name: "password", NoLog: ansible.Secret, Description: []string{"The user's password or token."}},
	{Name: "ca_file", Type: ansible.Path, Description: []string{"The certificate authority of the registry, in PEM. Without, the system's."}},
	{Name: "plain_http", Type: ansible.Bool, Default: false, Description: []string{"Whether the registry is spoken to without TLS."}},
	{
		Name: "cosign_key", NoLog: ansible.NotSecret,
		Description: []string{"A public key in PEM. The artifact must have been signed with it by cosign."},
	},
	{
		Name: "replace", Type: ansible.List, Elements: ansible.Dict, Options: replaceOptions, Default: []any{},
		Description: []string{"Texts that are changed in the vector, as of a registry that has a mirror."},
	},
}

var replaceOptions = []ansible.Option{
	{Name: "key", Required: true, NoLog: ansible.NotSecret, Description: []string{"The key whose texts are changed, wherever in the vector it stands, as V(name) of images and V(oci) of charts."}},
	{Name: "old", Required: true, Description: []string{"The part of the text."}},
	{Name: "new", Required: true, Description: []string{"What stands in its place."}},
}

var registryOptions = []ansible.Option{
	{Name: "username", Description: []string{"The user."}},
	{Name: "password", NoLog: ansible.Secret, Description: []string{"The user's password or token."}},
	{Name: "ca_file", Type: ansible.Path, Description: []string{"Its certificate authority, in PEM. Without, the system's."}},
	{Name: "plain_http", Type: ansible.Bool, Default: false, Description: []string{"Whether it is spoken to without TLS."}},
}
