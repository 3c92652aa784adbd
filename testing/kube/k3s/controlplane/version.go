package controlplane

import (
	"sync/atomic"
	_ "unsafe" // for go:linkname
)

// The version that k8s.io/component-base/version tells. Its SetDynamicVersion would take another suffix only.
//
//go:linkname dynamicGitVersion k8s.io/component-base/version.dynamicGitVersion
var dynamicGitVersion atomic.Value

// Become makes Kubernetes within this process show the version.
func Become(version string) { dynamicGitVersion.Store(version) }
