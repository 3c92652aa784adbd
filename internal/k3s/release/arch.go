package release

import "fmt"

// Arch is an architecture that k3s is released for and this collection, too.
type Arch string

// The architectures.
const (
	AMD64 Arch = "amd64"
	ARM64 Arch = "arm64"
)

// ParseArch reads what "uname -m" says.
func ParseArch(machine string) (Arch, error) {
	switch machine {
	case "x86_64", "amd64":
		return AMD64, nil
	case "aarch64", "arm64":
		return ARM64, nil
	}
	return "", fmt.Errorf("its processor is a %s; amd64 and arm64 are supported", machine)
}

// Binary is the name of the binary's file in a release.
func (a Arch) Binary() string {
	if a == AMD64 {
		return "k3s"
	}
	return "k3s-" + string(a)
}

// Images is the name of the archive of images.
func (a Arch) Images() string { return "k3s-airgap-images-" + string(a) + ".tar.zst" }

// sums is the name of the file with the SHA-256 of the others.
func (a Arch) sums() string { return "sha256sum-" + string(a) + ".txt" }
