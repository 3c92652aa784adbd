package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"filippo.io/age"

	"github.com/metal-stack/initial-cluster/internal/ansible"
	"github.com/metal-stack/initial-cluster/internal/etcdbackup"
	"github.com/metal-stack/initial-cluster/internal/etcdbackup/manifest"
)

// keys reads all keys. What is wrong with them is told without showing them.
func (in params) keys(ctx context.Context) (keys etcdbackup.Keys, problems []string) {
	complain := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	if text, option := content(in.SigningKey, "signing_key", in.SigningKeyFile, complain); text != "" {
		ansible.Conceal(ctx, text)
		key, err := manifest.ParsePrivate([]byte(text))
		if err != nil {
			complain("%s: %v", option, err)
		}
		keys.Signing = key
	} else if in.takes() && len(problems) == 0 {
		complain("signing_key: state %s needs it, or signing_key_file; make one: openssl genpkey -algorithm ed25519", in.State)
	}
	for i, text := range in.TrustedKeys {
		key, err := manifest.ParsePublic([]byte(text))
		if err != nil {
			complain("trusted_keys: the %d. one: %v", i+1, err)
		}
		keys.Trusted = append(keys.Trusted, key)
	}
	if keys.Signing == nil && len(keys.Trusted) == 0 && !in.takes() {
		complain("trusted_keys: give those whose backups count, or the signing key")
	}
	for i, text := range in.Recipients {
		found, err := age.ParseRecipients(strings.NewReader(text))
		if err != nil {
			complain("recipients: the %d. one is no recipient of age (age1...); age-keygen makes one", i+1)
		}
		keys.Recipients = append(keys.Recipients, found...)
	}
	if text, option := content(in.Identities, "identities", in.IdentitiesFile, complain); text != "" {
		ansible.Conceal(ctx, text)
		found, err := age.ParseIdentities(strings.NewReader(text))
		if err != nil {
			complain("%s: there is no identity of age in it (AGE-SECRET-KEY-1...)", option)
		}
		keys.Identities = found
	}
	return keys, problems
}

// content is what is given as text, or what is in the file of the option of that name with _file.
func content(text, name, file string, complain func(string, ...any)) (string, string) {
	if file == "" {
		return text, name
	}
	read, err := os.ReadFile(file)
	if err != nil {
		complain("%s_file: %v", name, err)
	}
	return string(read), name + "_file"
}
