// Package release is k3s' releases: their versions, the files they consist of, and how those come here with their sums checked.
package release
