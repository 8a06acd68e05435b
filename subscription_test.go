package main

import (
	"context"
	"encoding/json"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
)

// follow subscribes to a job over a WebSocket of its own, and returns what reads the next state.
func (a api) follow(t *testing.T, id string) func() string {
	t.Helper()
	conn, _, err := websocket.Dial(t.Context(), "http://"+a.address+"/graphql", &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}}) //nolint:bodyclose // the library closes it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.CloseNow() })
	for _, message := range []any{
		map[string]any{"type": "connection_init", "payload": map[string]any{"Authorization": "Bearer " + a.token}},
		map[string]any{"id": "1", "type": "subscribe", "payload": map[string]any{
			"query": "subscription($id: ID!) { jobChanged(id: $id) { state } }", "variables": map[string]any{"id": id},
		}},
	} {
		if err := wsjson.Write(t.Context(), conn, message); err != nil {
			t.Fatal(err)
		}
	}
	return func() string {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		for {
			var m struct {
				Type    string
				Payload json.RawMessage
			}
			if err := wsjson.Read(ctx, conn, &m); err != nil {
				return websocket.CloseStatus(err).String()
			}
			if m.Type != "next" {
				if m.Type != "connection_ack" {
					return m.Type
				}
				continue
			}
			var next struct {
				Data struct{ JobChanged struct{ State string } }
			}
			if err := json.Unmarshal(m.Payload, &next); err != nil {
				t.Fatal(err)
			}
			return next.Data.JobChanged.State
		}
	}
}

// TestJobsOfAnotherProcessAreFollowed follows a mail that a worker sends, and stops the server while another one is followed.
func TestJobsOfAnotherProcessAreFollowed(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	server, shop := serverOn(t, d.environment)
	shop.token = runProgram(t, d.environment, "create-token", "-permissions", "email:send,jobs:read")
	newest := func() string {
		var list struct {
			Jobs struct{ Nodes []struct{ ID string } }
		}
		shop.sendEmail(t, "customer@example.com")
		shop.ask(t, &list, `{ jobs(first: 1, filter: {kinds: ["send_email"]}) { nodes { id } } }`, nil)
		return list.Jobs.Nodes[0].ID
	}
	mail := newest()
	next := shop.follow(t, mail)
	if got := next(); got != "QUEUED" {
		t.Fatalf("before there is a worker: %s", got)
	}
	worker := start(t, d.environment, "-worker")
	var states []string
	for states = append(states, next()); states[len(states)-1] != "complete" && len(states) < 5; {
		states = append(states, next())
	}
	if got := strings.Join(states, " "); got != "SUCCEEDED complete" && got != "RUNNING SUCCEEDED complete" {
		t.Errorf("with a worker: %s", got)
	}
	if output := runExample(t, ".", "TOKEN="+shop.token, "bash", "examples/curl/follow.sh", "http://"+shop.address, mail); !strings.Contains(output, `"state":"SUCCEEDED"`) {
		t.Errorf("the example prints %s", output)
	}
	worker.end(t, syscall.SIGTERM)
	next = shop.follow(t, newest())
	if got := next(); got != "QUEUED" {
		t.Fatalf("without a worker: %s", got)
	}
	begin := time.Now()
	server.end(t, syscall.SIGTERM)
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("the server took %s to stop", took)
	}
	if got := next(); got != "StatusGoingAway" {
		t.Errorf("at the stop: %s", got)
	}
	if !strings.Contains(server.output.String(), `msg="subscription ended" transport=websocket`) {
		t.Errorf("the log does not tell: %s", server.output)
	}
}
