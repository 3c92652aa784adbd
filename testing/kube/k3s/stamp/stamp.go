// Package stamp tells which version of k3s the running file is. The version is the file's own last bytes: so one build makes any number
// of releases, which differ in their content and SHA-256 as real ones do.
package stamp

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
)

// The trailer is Mark, the version, and spaces up to Size.
const (
	Mark = "\nk3s-version="
	Size = 64
)

// unstamped is the version of a file that nobody stamped.
const unstamped = "v1.36.3+k3s1"

// Version is that of the file that runs, as v1.36.3+k3s1.
var Version = sync.OnceValue(func() string {
	file, err := os.Open("/proc/self/exe")
	if err != nil {
		return unstamped
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return unstamped
	}
	end := make([]byte, Size)
	if _, err := file.ReadAt(end, info.Size()-Size); err != nil || !bytes.HasPrefix(end, []byte(Mark)) {
		return unstamped
	}
	return strings.TrimSpace(string(end[len(Mark):]))
})

// Commit is what k3s shows behind its version: eight digits, the same for the same version.
func Commit() string { return fmt.Sprintf("%x", sha256.Sum256([]byte(Version())))[:8] }

// Text is what k3s --version prints.
func Text() string {
	return fmt.Sprintf("k3s version %s (%s)\ngo version %s\n", Version(), Commit(), runtime.Version())
}

// Minor is the major and minor of the version, as 1.36.
func Minor() string {
	parts := strings.SplitN(strings.TrimPrefix(Version(), "v"), ".", 3)
	return strings.Join(parts[:min(2, len(parts))], ".")
}
