package main

import (
	"context"

	"github.com/metal-stack/initial-cluster/internal/ansible"
	"github.com/metal-stack/initial-cluster/internal/host"
	"github.com/metal-stack/initial-cluster/internal/store"
)

// place is one of the stores, of one kind.
type place struct {
	Folder string `ansible:"folder"`
	S3     *s3    `ansible:"s3"`
	SFTP   *sftp  `ansible:"sftp"`
}

type s3 struct {
	Endpoint     string `ansible:"endpoint"`
	Region       string `ansible:"region"`
	Bucket       string `ansible:"bucket"`
	Prefix       string `ansible:"prefix"`
	AccessKey    string `ansible:"access_key"`
	SecretKey    string `ansible:"secret_key"`
	SessionToken string `ansible:"session_token"`
	CAFile       string `ansible:"ca_file"`
	Lookup       string `ansible:"lookup"`
}

type sftp struct {
	Host       string   `ansible:"host"`
	Port       int      `ansible:"port"`
	User       string   `ansible:"user"`
	KeyFile    string   `ansible:"key_file"`
	KnownHosts []string `ansible:"known_hosts"`
	Folder     string   `ansible:"folder"`
}

// open gets ready to use the store; nothing is sent yet.
func (p place) open(ctx context.Context) (store.Store, error) {
	switch {
	case p.S3 != nil:
		ansible.Conceal(ctx, p.S3.SecretKey, p.S3.SessionToken)
		return store.OpenS3(store.S3(*p.S3), store.Limits{})
	case p.SFTP != nil:
		login := host.Options{Host: p.SFTP.Host, Port: p.SFTP.Port, User: p.SFTP.User, KeyFile: p.SFTP.KeyFile, KnownHosts: p.SFTP.KnownHosts}
		return store.OpenSFTP(login, p.SFTP.Folder, store.Limits{})
	}
	return store.OpenFolder(p.Folder, store.Limits{})
}

var storesOption = ansible.Option{
	Name: "stores", Type: ansible.List, Elements: ansible.Dict, Required: true,
	Description: []string{
		"Where the backups lie, each of one kind. Each acknowledges for itself; one that fails lets the task fail, and the others have the backup nevertheless.",
	},
	Options: []ansible.Option{
		{Name: "folder", Type: ansible.Path, Description: []string{"A folder, usually of another machine and mounted here. It must be there."}},
		{Name: "s3", Type: ansible.Dict, Options: s3Options, Description: []string{"A bucket of Amazon S3, or of whatever speaks its protocol."}},
		{Name: "sftp", Type: ansible.Dict, Options: sftpOptions, Description: []string{"A folder of an SFTP server, which need not run commands."}},
	},
	Constraints: ansible.Constraints{
		MutuallyExclusive: [][]string{{"folder", "s3", "sftp"}}, RequiredOneOf: [][]string{{"folder", "s3", "sftp"}},
	},
}

var s3Options = []ansible.Option{
	{Name: "endpoint", Description: []string{"The server's URL. Without, Amazon's."}},
	{Name: "region", Description: []string{"The bucket's region. Without, the server is asked."}},
	{Name: "bucket", Required: true, Description: []string{"The bucket, which must be there."}},
	{Name: "prefix", Description: []string{"What all names in the bucket begin with."}},
	{Name: "access_key", Required: true, NoLog: ansible.NotSecret, Description: []string{"Who one is there."}},
	{Name: "secret_key", Required: true, NoLog: ansible.Secret, Description: []string{"The key of O(stores.s3.access_key)."}},
	{Name: "session_token", NoLog: ansible.Secret, Description: []string{"The token that goes with temporary keys."}},
	{Name: "ca_file", Type: ansible.Path, Description: []string{"Certificates of the server's authority, beside those of the machine."}},
	{Name: "lookup", Default: "auto", Choices: []any{"auto", "path", "dns"}, Description: []string{"Whether the bucket is named in the path of requests or in the host's name."}},
}

var sftpOptions = []ansible.Option{
	{Name: "host", Required: true, Description: []string{"Its name or address."}},
	{Name: "port", Type: ansible.Int, Default: 22, Description: []string{"Its port."}},
	{Name: "user", Description: []string{"Who to log in as. Without, who runs the module."}},
	{Name: "key_file", Type: ansible.Path, NoLog: ansible.NotSecret, Description: []string{"The private key to log in with. Without, those in C(~/.ssh)."}},
	{
		Name: "known_hosts", Type: ansible.List, Elements: ansible.Path, Default: []any{"~/.ssh/known_hosts", "/etc/ssh/ssh_known_hosts"},
		Description: []string{"Files with the keys of hosts, as OpenSSH has them. A host that none of them knows is refused."},
	},
	{Name: "folder", Required: true, Description: []string{"The folder, which must be there. A path that is not absolute begins where the login does."}},
}
