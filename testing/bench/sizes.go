package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"time"
)

// showSizes prints how large the binaries are, and how long they take to start. It gives the modules' names.
func showSizes(ctx context.Context, collection string) (modules []string, err error) {
	fmt.Printf("%-14s %-12s %9s %9s %9s\n", "binary", "platform", "raw", "gzip", "start")
	binaries, err := filepath.Glob(filepath.Join(collection, "plugins/module_utils/bin/*/*"))
	for _, binary := range binaries {
		content, err := os.ReadFile(binary)
		if err != nil {
			return nil, err
		}
		packed, err := packedSize(content)
		if err != nil {
			return nil, err
		}
		name, platform, start := filepath.Base(binary), filepath.Base(filepath.Dir(binary)), "-"
		if platform == "linux_"+runtime.GOARCH {
			modules = append(modules, name)
			took, err := startTime(ctx, binary)
			if err != nil {
				return nil, err
			}
			start = took.Round(100 * time.Microsecond).String()
		}
		fmt.Printf("%-14s %-12s %6.2f MB %6.2f MB %9s\n", name, platform, float64(len(content))/1e6, float64(packed)/1e6, start)
	}
	return modules, err
}

func packedSize(content []byte) (int, error) {
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return 0, err
	}
	if _, err := w.Write(content); err != nil {
		return 0, err
	}
	return packed.Len(), w.Close()
}

// startTime is the median time of a start that does nothing.
func startTime(ctx context.Context, binary string) (time.Duration, error) {
	var times []time.Duration
	for range 21 {
		begin := time.Now()
		if err := exec.CommandContext(ctx, binary, "--version").Run(); err != nil {
			return 0, fmt.Errorf("%s --version: %w", binary, err)
		}
		times = append(times, time.Since(begin))
	}
	slices.Sort(times)
	return times[len(times)/2], nil
}
