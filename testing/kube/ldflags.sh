#!/bin/sh
# Prints the linker's flags: small, and with the version of go.mod, without which clients refuse an apiserver.
set -eu
version=$(sed -n 's|^[[:space:]]*k8s.io/kubernetes v||p' "$(dirname "$0")/go.mod")
minor=${version#*.}
package=k8s.io/component-base/version
echo "-s -w -X $package.gitVersion=v$version -X $package.gitMajor=${version%%.*} -X $package.gitMinor=${minor%%.*}"
