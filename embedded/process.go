//go:build darwin || linux

package embedded

import (
	"context"
	"os/exec"
	"runtime"
	"syscall"
)

// process is a child that ends with us as far as the system can do that.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when the child has ended
	err  error         // how it ended; to be read after done is closed
}

// startProcess starts a command as an account, outside our process group: what a terminal sends to
// the group, such as Ctrl-C, is for us to pass on in the right order.
func startProcess(cmd *exec.Cmd, account account) (*process, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: account.credential()}
	endWithParent(cmd.SysProcAttr)
	p := &process{cmd: cmd, done: make(chan struct{})}
	started := make(chan error)
	go func() {
		defer close(p.done)
		// The parent whose death Linux reports is the thread, not the process: it has to stay.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			p.err = cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

func (p *process) signal(signal syscall.Signal) { _ = p.cmd.Process.Signal(signal) }

// wait waits for the end of a child that ends by itself, and ends it with all its own children when ctx
// ends before.
func (p *process) wait(ctx context.Context) error {
	select {
	case <-p.done:
		return p.err
	case <-ctx.Done():
	}
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	<-p.done
	return ctx.Err()
}
