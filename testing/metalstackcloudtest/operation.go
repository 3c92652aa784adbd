package metalstackcloudtest

import (
	"slices"
	"time"
)

// operation is what is being done to a cluster, or was done last.
type operation struct {
	Type    string // Create, Reconcile or Delete, as Gardener calls them
	Begin   time.Time
	Takes   time.Duration
	Ended   bool
	Failure string         // how it will end, or has ended; empty is well
	Halted  bool           // it has failed for good
	Before  *StatusMessage // told until the operation is noticed
}

// noticed is the part of an operation's time in which the API tells of the one before, as Gardener has not noticed the change.
const noticed = 0.2

// begin begins an operation on a cluster; the mutex is held.
func (s *Server) begin(c *cluster, kind string) {
	o := &operation{Type: kind, Begin: time.Now(), Takes: s.options.OperationTime, Before: s.status(c)}
	o.Failure, o.Halted = s.operationFault(kind)
	c.Operation = o
	s.running.Go(func() { s.do(c, o) })
}

// do works an operation off.
func (s *Server) do(c *cluster, o *operation) {
	failure := error(nil)
	if o.Type != "Delete" && o.Failure == "" {
		failure = s.run(c)
	}
	for {
		s.mutex.Lock()
		held, left := s.held, time.Until(o.Begin.Add(o.Takes))
		s.mutex.Unlock()
		if s.ctx.Err() != nil {
			return
		}
		if held == nil && left <= 0 {
			break
		}
		var late <-chan time.Time
		if held == nil {
			late = time.After(left)
		}
		select {
		case <-s.ctx.Done():
			return
		case <-held:
		case <-late:
		}
	}
	if o.Type == "Delete" && o.Failure == "" {
		failure = s.remove(c)
	}
	s.finish(c, o, failure)
}

func (s *Server) finish(c *cluster, o *operation, failure error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if failure != nil {
		o.Failure, o.Halted = failure.Error(), true
	}
	o.Ended = true
	if o.Type == "Delete" && o.Failure == "" {
		s.state.Clusters = slices.DeleteFunc(s.state.Clusters, func(each *cluster) bool { return each == c })
	}
	if o.Failure != "" && !o.Halted && c.Operation == o { // Gardener tries it again by itself
		s.begin(c, o.Type)
	}
	if err := s.save(); err != nil {
		panic(err) // the folder is gone
	}
}

// fraction is how much of an operation is done, below 1 until it has ended.
func (s *Server) fraction(o *operation) float64 {
	if o.Ended {
		return 1
	}
	done := 0.99
	if o.Takes > 0 {
		done = min(done, float64(time.Since(o.Begin))/float64(o.Takes))
	}
	if s.held != nil {
		done = min(done, s.holdAt)
	}
	return done
}

// status is what the API tells of a cluster now, nil if it knows nothing yet.
func (s *Server) status(c *cluster) *StatusMessage {
	o := c.Operation
	if o == nil {
		return nil
	}
	done := s.fraction(o)
	if done < noticed {
		return o.Before
	}
	told := &StatusMessage{UUID: c.Message.UUID, Type: o.Type, State: "Processing", Progress: int(done * 100), APIServerReady: "True", ControlPlaneReady: "True",
		NodesReady: "True", SystemComponentsReady: "True"}
	if done < 1 && o.Type == "Create" {
		told.NodesReady, told.SystemComponentsReady = "False", "Unknown"
	}
	switch {
	case o.Failure != "" && done > 0.5:
		told.State, told.Progress = "Error", min(told.Progress, 71)
		told.LastErrors = []LastErrorMessage{{Description: o.Failure, TaskID: "Waiting until worker machines are ready", LastUpdateTime: o.Begin.UTC().Format(time.RFC3339)}}
		if o.Ended && o.Halted {
			told.State = "Failed"
		}
	case o.Ended:
		told.State = "Succeeded"
	}
	return told
}

// Hold keeps operations from going beyond a part of their time (0 to 1), whatever time has passed, until Release. Below 0.2 the API
// tells of the operation before.
func (s *Server) Hold(at float64) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.holdAt = at
	if s.held == nil {
		s.held = make(chan struct{})
	}
}

// Release lets operations go on.
func (s *Server) Release() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.held != nil {
		close(s.held)
		s.held = nil
	}
}
