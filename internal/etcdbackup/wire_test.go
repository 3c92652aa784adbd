package etcdbackup_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/metal-stack/initial-cluster/internal/store"
	"github.com/metal-stack/initial-cluster/testing/storetest"
)

// faultsOf are the faults of a kind of store: those of what it answers, and those of the way to it.
func faultsOf(kind string) map[string]func(*storetest.Server) fault {
	all := map[string]func(*storetest.Server) fault{}
	for name, breakIt := range faults {
		all[name] = func(*storetest.Server) fault { return answering(breakIt) }
	}
	switch kind {
	case "s3", "gcs":
		for name, on := range onTheWay {
			all[name] = func(s *storetest.Server) fault { return over(s, on) }
		}
	case "sftp":
		for name, on := range onTheLine {
			all[name] = func(s *storetest.Server) fault { return alongLine(s, on) }
		}
	}
	return all
}

// answering is a store that does one operation wrong, at a random call.
func answering(breakIt func(*faulty, *rand.Rand)) fault {
	return func(_ *testing.T, r *round) (store.Store, func()) {
		f := &faulty{Store: r.spot.Open(patient), at: r.random.IntN(9)}
		breakIt(f, r.random)
		return f, func() {}
	}
}

// onTheWay are what goes wrong with requests over HTTP, each with about every third.
var onTheWay = map[string]func(s *storetest.Server, r *rand.Rand) storetest.Fault{
	"5xx": func(s *storetest.Server, r *rand.Rand) storetest.Fault {
		return storetest.Answer(500+r.IntN(5), unwell(s, "SlowDown", "backendError"))
	},
	"connection cut while sending": func(_ *storetest.Server, r *rand.Rand) storetest.Fault { return storetest.Cut(r.Int64N(8000)) },
	"answer lost":                  func(*storetest.Server, *rand.Rand) storetest.Fault { return storetest.LoseAnswer },
	"answer cut":                   func(_ *storetest.Server, r *rand.Rand) storetest.Fault { return storetest.CutAnswer(r.IntN(8000)) },
	"black hole":                   func(s *storetest.Server, _ *rand.Rand) storetest.Fault { return s.Proxy().BlackHole },
	"byte changes on its way there": func(_ *storetest.Server, r *rand.Rand) storetest.Fault {
		return storetest.FlipRequest(r.Int64N(8000))
	},
	"byte changes on its way back": func(_ *storetest.Server, r *rand.Rand) storetest.Fault { return storetest.FlipAnswer(r.IntN(8000)) },
	"half of an answer": func(*storetest.Server, *rand.Rand) storetest.Fault {
		return storetest.Rewrite(func(body []byte) []byte { return body[:len(body)/2] })
	},
	"empty answers of a proxy": func(*storetest.Server, *rand.Rand) storetest.Fault { return storetest.Answer(200, "") },
	"credentials expire": func(s *storetest.Server, _ *rand.Rand) storetest.Fault {
		return storetest.Answer(401+2*btoi(s.S3 != nil), unwell(s, "ExpiredToken", "authError"))
	},
	"slow, 20 KB/s": func(*storetest.Server, *rand.Rand) storetest.Fault { return storetest.SlowAnswer(20_000) },
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func unwell(s *storetest.Server, s3, gcs string) string {
	if s.S3 != nil {
		return "<Error><Code>" + s3 + "</Code><Message>no</Message></Error>"
	}
	return fmt.Sprintf(`{"error":{"message":"no","errors":[{"reason":%q}]}}`, gcs)
}

// over does about every third request wrong; once credentials have expired, all.
func over(s *storetest.Server, on func(*storetest.Server, *rand.Rand) storetest.Fault) fault {
	return func(_ *testing.T, r *round) (store.Store, func()) {
		expired := r.fault == "credentials expire"
		begun := false
		s.Proxy().Choose(func(*http.Request) storetest.Fault {
			if begun = begun && expired || r.random.IntN(3+9*btoi(expired)) == 0; begun {
				return on(s, r.random)
			}
			return nil
		})
		return r.spot.Open(impatient), func() { s.Proxy().Choose(nil) }
	}
}

// onTheLine are what goes wrong with connections of SSH.
var onTheLine = map[string]func(s *storetest.Server, r *rand.Rand) (over func()){
	"connection cut while sending": func(s *storetest.Server, r *rand.Rand) func() {
		var cuts []int64
		for range r.IntN(6) {
			cuts = append(cuts, 3000+r.Int64N(12_000))
		}
		s.SFTP.Cut(cuts...)
		return func() { s.SFTP.Cut() }
	},
	"black hole": func(s *storetest.Server, r *rand.Rand) func() {
		after := time.AfterFunc(time.Duration(r.IntN(400))*time.Millisecond, func() { s.SFTP.Stall(true) })
		return func() { after.Stop(); s.SFTP.Stall(false) }
	},
	"slow, 20 KB/s": func(s *storetest.Server, _ *rand.Rand) func() {
		s.SFTP.Slow(20_000)
		return func() { s.SFTP.Slow(0) }
	},
}

func alongLine(s *storetest.Server, on func(*storetest.Server, *rand.Rand) func()) fault {
	return func(_ *testing.T, r *round) (store.Store, func()) {
		s.SFTP.Break()
		over := on(s, r.random)
		return r.spot.Open(impatient), func() { over(); s.SFTP.Break() }
	}
}

// inTheWorkFolder are lines of shell that change the snapshot in the work folder, before it is examined.
var inTheWorkFolder = map[string]string{
	"snapshot flipped before it is read":   `[ "$1" = --inspect ] && printf '\%03o' | dd of="$file" bs=1 seek=%d conv=notrunc 2>/dev/null`,
	"snapshot cut before it is read":       `[ "$1" = --inspect ] && : %d && truncate -s $((%d / 512 * 512 + 32)) "$file"`,
	"snapshot flipped before it is booted": `[ "$1" = --drill ] && printf '\%03o' | dd of="$file" bs=1 seek=%d conv=notrunc 2>/dev/null`,
}

// A work folder whose disk is not sound lets the run fail, and gets nothing into a store.
func TestAWorkFolderThatRotsLosesNothing(t *testing.T) {
	t.Parallel()
	a := newArena(t)
	for name, line := range inTheWorkFolder {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, c := storetest.Start(t, "folder"), newCell(name, "folder")
			for seed := range runsOf(t, 2) {
				t.Run(fmt.Sprint(seed), func(t *testing.T) {
					r := a.round(t, c, server, seed)
					taker := r.taking(t, r.calm)
					taker.Examiner.Program = a.remembering(t, fmt.Sprintf(line, r.random.IntN(256), r.random.IntN(100_000)))
					r.judge(t, r.take(t, taker)...)
				})
			}
		})
	}
	t.Run("sealed backup flipped before it is sent", func(t *testing.T) {
		t.Parallel()
		server, c := storetest.Start(t, "folder"), newCell("sealed backup flipped before it is sent", "folder")
		for seed := range runsOf(t, 2) {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				r := a.round(t, c, server, seed)
				f := &faulty{Store: r.calm, put: func(c store.Content) store.Content {
					sum := c.SHA256
					c = changed(c, func(b []byte) []byte { return flip(bytes.Clone(b), r.random) })
					c.SHA256 = sum
					return c
				}}
				r.judge(t, r.take(t, r.taking(t, f))...)
			})
		}
	})
}
