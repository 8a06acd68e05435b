package scenarios

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// patience is how long the attacks with slow clients go on.
const patience = 30 * time.Second

// trickle sends the beginning of a request, and then a byte now and then (slowloris).
func trickle(beginning string) func(context.Context, attacker) (string, error) {
	return func(ctx context.Context, a attacker) (string, error) {
		conn, err := a.dialer.DialContext(ctx, "tcp", a.Address)
		if err != nil {
			return "", fmt.Errorf("connect: %w", err)
		}
		defer func() { _ = conn.Close() }()
		if _, err := conn.Write([]byte(beginning)); err != nil {
			return "", fmt.Errorf("send: %w", err)
		}
		go func() {
			for ctx.Err() == nil {
				if _, err := conn.Write([]byte("a")); err != nil {
					return
				}
				time.Sleep(100 * time.Millisecond)
			}
		}()
		return answerOn(conn)
	}
}

func answerOn(conn net.Conn) (string, error) {
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return "", fmt.Errorf("set deadline: %w", err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err == nil {
		defer func() { _ = response.Body.Close() }()
		return summary(response)
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		return fmt.Sprintf("open after %s", patience), nil
	}
	return "closed", nil
}

// connections opens many from one address and keeps them open, as far as the server lets it.
func connections(ctx context.Context, a attacker) (string, error) {
	open := make([]net.Conn, 0, a.Connections)
	defer func() {
		for _, conn := range open {
			_ = conn.Close()
		}
	}()
	for i := range a.Connections {
		conn, err := a.dialer.DialContext(ctx, "tcp", a.Address)
		if err != nil {
			return "", fmt.Errorf("open connection %d: %w", i, err)
		}
		open = append(open, conn)
	}
	// The other client goes on for a while with all of them there.
	time.Sleep(time.Second)
	kept := 0
	answers := map[string]int{}
	for _, conn := range open {
		answer, waiting := waitingAnswer(conn)
		if waiting {
			kept++
		} else {
			answers[answer]++
		}
	}
	// Most are closed without a word; some are told why.
	const refused = "503 TOO_MANY_CONNECTIONS"
	if answers[refused] > 0 && answers[refused]+answers["closed"]+kept == a.Connections && kept < a.Connections/2 {
		return refused, nil
	}
	return fmt.Sprintf("%d stay open, %v", kept, answers), nil
}

// waitingAnswer is what the server has said on a connection; none says that it still waits for a request.
func waitingAnswer(conn net.Conn) (answer string, none bool) {
	_ = conn.SetReadDeadline(time.Now().Add(time.Millisecond))
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err == nil {
		defer func() { _ = response.Body.Close() }()
		answer, err = summary(response)
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		return "", true
	}
	if err != nil {
		return "closed", false
	}
	return answer, false
}
