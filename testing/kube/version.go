package main

import (
	"fmt"
	"sync/atomic"
	_ "unsafe" // for go:linkname

	"k8s.io/apimachinery/pkg/util/version"
)

// The version that k8s.io/component-base/version tells. Its SetDynamicVersion would take another suffix only, while the lab has
// clusters of several patches and minors, and upgrades them.
//
//go:linkname dynamicGitVersion k8s.io/component-base/version.dynamicGitVersion
var dynamicGitVersion atomic.Value

// become makes this binary a Kubernetes of another version. Of an earlier minor it also takes the features: that is Kubernetes'
// own emulation of versions, which follows the version told here.
func become(wanted string) error {
	if _, err := version.ParseSemantic(wanted); err != nil {
		return fmt.Errorf("be Kubernetes %s: %w", wanted, err)
	}
	dynamicGitVersion.Store(wanted)
	return nil
}
