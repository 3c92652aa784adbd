package main

import "github.com/metal-stack/initial-cluster/internal/ansible"

var authorityOptions = []ansible.Option{
	{Name: "name", Required: true, Description: []string{"What O(certificates.ca) calls it."}},
	{
		Name: "certificate",
		Description: []string{
			"The authority's certificate in PEM. Without, the authority is made once and kept in O(certificate_authorities.secret); whoever may read that can sign " +
				"certificates.",
		},
	},
	{
		Name: "key", NoLog: ansible.Secret,
		Description: []string{"Its key in PEM. With O(certificate_authorities.certificate) alone, certificates that are there are kept, and none can be made."},
	},
	{Name: "common_name", Description: []string{"The name of an authority that is made. Without, O(certificate_authorities.name)."}},
	{Name: "validity", Type: ansible.Int, Default: 3650, Description: []string{"How many days an authority lasts that is made."}},
	{
		Name: "secret", Type: ansible.Dict, Options: secretOptions,
		Description: []string{"Where an authority is kept that is made. Without, in a Secret of its name, in the form in which cert-manager takes authorities."},
	},
}

var certificateOptions = []ansible.Option{
	{Name: "name", Required: true, Description: []string{"What it is called here."}},
	{Name: "ca", Required: true, Description: []string{"The authority that signs it, one of O(certificate_authorities)."}},
	{Name: "common_name", Description: []string{"The name in it. Without, O(certificates.name)."}},
	{
		Name: "sans", Type: ansible.List, Elements: ansible.Str, Default: []any{},
		Description: []string{"The names and addresses under which a server is reached."},
	},
	{
		Name: "usages", Type: ansible.List, Elements: ansible.Str, Choices: []any{"server", "client"}, Default: []any{"server", "client"},
		Description: []string{"As what it is shown."},
	},
	{Name: "validity", Type: ansible.Int, Default: 365, Description: []string{"How many days a new one lasts, at most as long as its authority."}},
	{
		Name: "renew_before", Type: ansible.Int, Default: 90,
		Description: []string{"How many days before its end it is made anew. This happens when the task runs, so they must be more than there are between two runs."},
	},
	{
		Name: "replace", Type: ansible.Bool, Default: false,
		Description: []string{
			"Whether one that another authority has signed is replaced. That is refused otherwise, as who trusts the other authority trusts the new one no more: " +
				"partitions must get it at the same time.",
		},
	},
	{
		Name: "secret", Type: ansible.Dict, Options: secretOptions,
		Description: []string{"The Secret that it is kept in. Without, one of its name. Other entries in it stay."},
	},
	{
		Name: "values", Type: ansible.List, Elements: ansible.Dict, Options: certificateValueOptions, Default: []any{},
		Description: []string{"Values of charts that have a part of it as well. They go over all others."},
	},
}

var secretOptions = []ansible.Option{
	{Name: "namespace", Description: []string{"Its namespace. Without, O(namespace)."}},
	{Name: "name", Description: []string{"Its name."}},
	{
		Name: "keys", Type: ansible.Dict, Options: keyOptions,
		Description: []string{"The names of its entries; what has no name has no entry. Without any, C(ca.crt), C(tls.crt) and C(tls.key)."},
	},
}

var keyOptions = []ansible.Option{
	{Name: "ca", Description: []string{"The certificate of the authority."}},
	{Name: "certificate", Description: []string{"The certificate."}},
	{Name: "key", NoLog: ansible.NotSecret, Description: []string{"Its key."}},
	{Name: "bundle", Description: []string{"Certificate and key one after the other, as the clients of nsq want it."}},
}

var certificateValueOptions = []ansible.Option{
	{Name: "component", Required: true, Description: []string{"The component, one with a chart."}},
	{Name: "path", Required: true, Description: []string{"The value, as V(metal_api.grpc.tls.server_cert_enc)."}},
	{Name: "part", Required: true, Choices: []any{"ca", "certificate", "key", "bundle"}, Description: []string{"What of it."}},
	{Name: "base64", Type: ansible.Bool, Default: false, Description: []string{"Whether the chart wants it encoded so."}},
}
