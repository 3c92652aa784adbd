package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// benchSize is the size of the values in MiB; BENCH_MIB=2048 is what the limit of memory is stated for.
func benchSize(b *testing.B) int {
	b.Helper()
	if text := os.Getenv("BENCH_MIB"); text != "" {
		n, err := strconv.Atoi(text)
		require.NoError(b, err)
		return n
	}
	return 64
}

const valueSize = 10 << 10 // bytes; Kubernetes' objects have 1 to 20 KiB

// memoryLimit is how much the module and its children may have together, in KiB.
const memoryLimit = 128 << 10

// BenchmarkTake takes a backup of values that do not compress, and tells the most memory of its own that the module and its children had; pages
// of mapped files are the machine's, and are given back when they are wanted.
func BenchmarkTake(b *testing.B) {
	w := newWorld(b)
	client := w.etcd.Client(b, 0)
	size := benchSize(b)
	for i := range size << 20 / valueSize / 50 {
		var puts []clientv3.Op
		for j := range 50 {
			value := make([]byte, valueSize)
			_, err := rand.Read(value)
			require.NoError(b, err)
			puts = append(puts, clientv3.OpPut(fmt.Sprintf("/registry/pods/%d/%d", i, j), string(value)))
		}
		_, err := client.Txn(b.Context()).Then(puts...).Commit()
		require.NoError(b, err)
	}
	text, err := os.ReadFile("testdata/k3s.args.json")
	require.NoError(b, err)
	b.ResetTimer()
	for i := range b.N {
		w.etcd.Fill(b, fmt.Sprintf("/more%d/", i), 1, 10)
		most := w.measured(b, string(text))
		b.ReportMetric(float64(most.module)/1024, "module-MB")
		b.ReportMetric(float64(most.children)/1024, "children-MB")
		b.ReportMetric(float64(most.both)/1024, "MB")
		require.Less(b, most.both, memoryLimit)
		b.ReportMetric(float64(size)/b.Elapsed().Seconds()*float64(i+1), "MiB/s")
	}
}

// memory is the most in KiB that the module and its children had at a look, each for itself and together.
type memory struct{ module, children, both int }

func (m *memory) look(pid int) {
	module, children := anonymous(pid), 0
	for _, child := range childrenOf(pid) {
		children += anonymous(child)
	}
	m.module, m.children, m.both = max(m.module, module), max(m.children, children), max(m.both, module+children)
}

// measured runs the module and gives the most anonymous memory that it and its children had.
func (w *world) measured(b *testing.B, args string) (most memory) {
	b.Helper()
	process := exec.Command(os.Args[0], "-")
	process.Env = []string{asModule + "=1", "HOME=" + w.dir, "PATH=/nowhere"}
	process.Stdin = strings.NewReader(w.fill(b, args))
	var out bytes.Buffer
	process.Stdout = &out
	require.NoError(b, process.Start())
	ended := make(chan error, 1)
	go func() { ended <- process.Wait() }()
	for {
		select {
		case err := <-ended:
			require.NoError(b, err, out.String())
			var result map[string]any
			require.NoError(b, json.Unmarshal(out.Bytes(), &result))
			require.Equal(b, true, result["changed"], out.String())
			return most
		case <-time.After(20 * time.Millisecond):
			most.look(process.Process.Pid)
		}
	}
}

func childrenOf(pid int) (found []int) {
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid)) // has errors of its pattern alone
	for _, list := range lists {
		text, _ := os.ReadFile(list) // the thread may be gone
		for _, word := range strings.Fields(string(text)) {
			if child, err := strconv.Atoi(word); err == nil {
				found = append(found, child)
			}
		}
	}
	return found
}

// anonymous is a process's own memory in KiB, or 0 if it has ended.
func anonymous(pid int) int {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "RssAnon:"); ok {
			n, _ := strconv.Atoi(strings.Fields(value)[0])
			return n
		}
	}
	return 0
}
