package ansible

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// progressPause is the least time between two writings of the progress file.
const progressPause = 500 * time.Millisecond

// progress keeps a file while the work runs: in its first line the number of this process, for whoever must end it, and in the
// second the newest line of progress, for whoever shows it to people. It is no reason to fail: a file that can't be written
// stays as it is.
type progress struct {
	file    string
	secrets *concealed
	mutex   sync.Mutex
	line    string
	news    chan struct{}
	end     chan struct{}
	ended   sync.WaitGroup
}

func startProgress(file string, secrets *concealed) *progress {
	p := &progress{file: file, secrets: secrets, news: make(chan struct{}, 1), end: make(chan struct{})}
	if file != "" {
		p.ended.Go(p.keep)
	}
	return p
}

// report takes a line; it never blocks.
func (p *progress) report(line string) {
	p.mutex.Lock()
	p.line = oneLine(line)
	p.mutex.Unlock()
	select {
	case p.news <- struct{}{}:
	default:
	}
}

func (p *progress) last() string {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.line
}

func (p *progress) keep() {
	p.write("")
	for {
		select {
		case <-p.end:
			return
		case <-p.news:
			p.write(p.secrets.censor().text(p.last()))
		}
		select {
		case <-p.end:
			return
		case <-time.After(progressPause):
		}
	}
}

func (p *progress) write(line string) {
	temporary, err := os.CreateTemp(filepath.Dir(p.file), filepath.Base(p.file)+".*") // 0600
	if err != nil {
		return
	}
	_, err = fmt.Fprintf(temporary, "%d\n%s\n", os.Getpid(), line)
	if closed := temporary.Close(); err != nil || closed != nil || os.Rename(temporary.Name(), p.file) != nil {
		_ = os.Remove(temporary.Name()) // nothing is lost, and nobody can be told
	}
}

// stop ends the writing and removes the file.
func (p *progress) stop() {
	close(p.end)
	p.ended.Wait()
	if p.file != "" {
		_ = os.Remove(p.file) // it may never have been written
	}
}
