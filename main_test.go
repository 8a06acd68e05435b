package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// runMain makes the test binary run as ecoseller instead of running tests.
const runMain = "ECOSELLER_TEST_RUN_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(runMain) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// program runs ecoseller as a process of its own, with nothing in its environment but what is given.
func program(t *testing.T, environment []string, arguments ...string) *exec.Cmd {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(binary, arguments...)
	command.Env = append([]string{runMain + "=1", "PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}, environment...)
	return command
}

// process is ecoseller while it runs.
type process struct {
	*exec.Cmd
	output *recorder
	ended  chan struct{}
}

func start(t *testing.T, environment []string, arguments ...string) *process {
	t.Helper()
	p := &process{Cmd: program(t, environment, arguments...), output: &recorder{}, ended: make(chan struct{})}
	p.Stdout, p.Stderr = p.output, p.output
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		p.end(t, syscall.SIGTERM)
		if t.Failed() {
			t.Logf("ecoseller %v printed:\n%s", arguments, p.output)
		}
	})
	return p
}

// end sends the signal and waits for the process to be gone.
func (p *process) end(t *testing.T, signal os.Signal) {
	t.Helper()
	_ = p.Process.Signal(signal)
	select {
	case <-p.ended:
	case <-time.After(30 * time.Second):
		_ = p.Process.Kill()
		t.Errorf("ecoseller %v does not stop", p.Args[1:])
	}
}

// recorder keeps what a process prints.
type recorder struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (r *recorder) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(p)
}

func (r *recorder) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// printed returns what stands after a label in the process's output.
func (p *process) printed(label string) string {
	lines := bufio.NewScanner(strings.NewReader(p.output.String()))
	for lines.Scan() {
		if rest, found := strings.CutPrefix(lines.Text(), label); found {
			return strings.TrimSpace(rest)
		}
	}
	return ""
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().(*net.TCPAddr).Port
}

// within repeats a check until it holds, and fails the test when it does not in time.
func within(t *testing.T, limit time.Duration, what string, check func() bool) {
	t.Helper()
	deadline := time.Now().Add(limit)
	for !check() {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", limit, what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// api is a server that runs.
type api struct {
	address string
	token   string
}

func serverOn(t *testing.T, environment []string) (*process, api) {
	t.Helper()
	address := "127.0.0.1:" + strconv.Itoa(freePort(t))
	_, port, _ := net.SplitHostPort(address)
	p := start(t, append(environment, "PORT="+port))
	within(t, 2*time.Minute, "the server is ready", func() bool {
		select {
		case <-p.ended:
			t.Fatalf("the server has ended:\n%s", p.output)
		default:
		}
		response, err := http.Get("http://" + address + "/readyz")
		if err != nil {
			return false
		}
		_ = response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
	// What it has printed may still be on its way through the pipe.
	within(t, 10*time.Second, "the server has printed that it runs", func() bool { return strings.Contains(p.output.String(), "server runs") })
	if !strings.Contains(strings.Join(environment, " "), "POSTGRES_HOST=") {
		within(t, 10*time.Second, "the server has printed a token", func() bool { return p.printed("Token:") != "" })
	}
	return p, api{address: address, token: p.printed("Token:")}
}

// ask sends a request and reads the data of its answer; errors in it fail the test.
func (a api) ask(t *testing.T, into any, query string, variables map[string]any) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		t.Fatal(err)
	}
	raw := a.post(t, string(body))
	answer := struct {
		Data   any
		Errors []struct{ Message string }
	}{Data: into}
	if err := json.Unmarshal(raw, &answer); err != nil || len(answer.Errors) > 0 {
		t.Fatalf("%s answers %s %v", query, raw, err)
	}
}

// found is a search's answer.
type found struct {
	SearchProducts struct {
		TotalCount int
		Engine     string
		Degraded   bool
		Nodes      []struct{ Title string }
	}
}

func (a api) search(t *testing.T, text, language string) found {
	t.Helper()
	var f found
	a.ask(t, &f, `query($q: String!, $l: LanguageCode) { searchProducts(query: $q, language: $l, first: 5) { totalCount engine degraded nodes { title } } }`,
		map[string]any{"q": text, "l": language})
	return f
}

// sendEmail returns the id of the accepted mail.
func (a api) sendEmail(t *testing.T, to string) string {
	t.Helper()
	var data struct {
		SendEmail struct {
			Email      *struct{ ID, State string }
			UserErrors []struct{ Message string }
		}
	}
	a.ask(t, &data, `mutation($to: [String!]!) { sendEmail(input: {to: $to, subject: "Hello", text: "Hello", html: "<p>Hello</p>"}) {
		email { id state } userErrors { message } } }`, map[string]any{"to": []string{to}})
	if data.SendEmail.Email == nil {
		t.Fatalf("sendEmail: %+v", data.SendEmail.UserErrors)
	}
	return data.SendEmail.Email.ID
}

func (a api) emailState(t *testing.T, id string) string {
	t.Helper()
	var data struct{ Email struct{ State string } }
	a.ask(t, &data, `query($id: ID!) { email(id: $id) { state } }`, map[string]any{"id": id})
	return data.Email.State
}

// openFolder is a folder that any user can enter, as the user that PostgreSQL runs as has to.
func openFolder(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "ecoseller-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	if err := os.Chmod(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	return folder
}

// getPage returns the status and the body of a page.
func getPage(t *testing.T, address string) string {
	t.Helper()
	response, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	page, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.Status + "\n" + string(page)
}

func TestStartsWithNothingConfigured(t *testing.T) {
	t.Parallel()
	environment := []string{"ECOSELLER_FOLDER=" + filepath.Join(openFolder(t), "data")}
	first, shop := serverOn(t, environment)

	f := shop.search(t, "sluchatka bez dratu", "cs").SearchProducts
	if len(f.Nodes) == 0 || !strings.HasPrefix(f.Nodes[0].Title, "Bezdrátová") || f.Engine != "POSTGRES" || f.Degraded {
		t.Errorf("the first search finds %+v", f)
	}
	mail := shop.sendEmail(t, "customer@example.com")
	within(t, 10*time.Second, "the worker in the server sends the mail", func() bool { return shop.emailState(t, mail) == "SENT" })

	if page := getPage(t, "http://"+shop.address+"/dev/mailbox/"); !strings.Contains(page, "customer@example.com") || !strings.Contains(page, "/templates/PASSWORD_RESET/sk") {
		t.Errorf("the mailbox shows %.500s", page)
	}
	if page := getPage(t, "http://"+shop.address+"/dev/mailbox/templates/PASSWORD_RESET/sk/html"); !strings.Contains(page, "Nastaviť nové heslo") {
		t.Errorf("the gallery shows %.500s", page)
	}

	response, err := http.Get("http://" + shop.address + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	page, err := io.ReadAll(response.Body)
	if err != nil || !strings.Contains(string(page), "graphiql") || !strings.Contains(string(page), shop.token) {
		t.Errorf("the playground is %.300s %v", page, err)
	}

	_, port, _ := net.SplitHostPort(shop.address)
	taken, err := program(t, append(environment, "PORT="+port)).CombinedOutput()
	if err == nil || !strings.Contains(string(taken), "port "+port+" is taken") {
		t.Errorf("a second server on the same port: %v, %s", err, taken)
	}

	first.end(t, syscall.SIGTERM)
	started := time.Now()
	_, again := serverOn(t, environment)
	if took := time.Since(started); took > 10*time.Second {
		t.Errorf("the second start took %s", took)
	}
	if state := again.emailState(t, mail); state != "SENT" {
		t.Errorf("after a new start the mail is %q", state)
	}
}

// TestSurvivesItsOwnDeath kills the server, with the PostgreSQL inside it, and starts it again.
func TestSurvivesItsOwnDeath(t *testing.T) {
	t.Parallel()
	environment := []string{"ECOSELLER_FOLDER=" + filepath.Join(openFolder(t), "data")}
	first, shop := serverOn(t, environment)
	mail := shop.sendEmail(t, "customer@example.com")
	first.end(t, syscall.SIGKILL)

	_, again := serverOn(t, environment)
	// The worker that was killed may hold the mail's job until its lease ends.
	within(t, 90*time.Second, "the mail is sent", func() bool { return again.emailState(t, mail) == "SENT" })
	if f := again.search(t, "batoh", "cs").SearchProducts; f.TotalCount == 0 {
		t.Error("the catalogue is gone")
	}
}

func TestCommandLineMistakes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		arguments []string
		says      string
		status    int
	}{
		{[]string{"improt"}, `unknown command "improt"`, 2},
		{[]string{"import"}, "import takes one file", 2},
		{[]string{"import", "/no/such/file"}, "open catalogue", 1},
		{[]string{"search-index"}, "needs one of --rebuild, --rollback, --verify", 2},
		{[]string{"relevance"}, "needs --judgments or --explain", 2},
		{[]string{"-wroker"}, "flag provided but not defined", 2},
		{[]string{"create-token", "-permissions", "everything"}, `no permission "everything"`, 1},
	} {
		command := program(t, []string{"ECOSELLER_FOLDER=" + t.TempDir()}, test.arguments...)
		output, _ := command.CombinedOutput()
		if status := command.ProcessState.ExitCode(); status != test.status || !strings.Contains(string(output), test.says) {
			t.Errorf("%v: status %d, %s", test.arguments, status, output)
		}
	}
	output, err := program(t, []string{"PORT=http", "POSTGRES_PORT=x"}).CombinedOutput()
	if err == nil || !strings.Contains(string(output), `PORT: "http" cannot be read`) || !strings.Contains(string(output), `POSTGRES_PORT: "x"`) {
		t.Errorf("a mistaken configuration: %v %s", err, output)
	}
}

// --- with real services ---

// proxy stands before a service, so that a test can take the service away.
type proxy struct {
	listener net.Listener
	target   string

	mu    sync.Mutex
	mode  proxyMode
	conns map[net.Conn]bool
}

type proxyMode int

const (
	passing proxyMode = iota
	refusing
	hanging
)

func newProxy(t *testing.T, target string) *proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: listener, target: target, conns: map[net.Conn]bool{}}
	t.Cleanup(func() { p.set(refusing); _ = listener.Close() })
	go p.accept()
	return p
}

func (p *proxy) address() string { return p.listener.Addr().String() }

// set changes what happens to connections; those that are open are cut.
func (p *proxy) set(mode proxyMode) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mode = mode
	for conn := range p.conns {
		_ = conn.Close()
	}
	clear(p.conns)
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		go p.serve(client)
	}
}

func (p *proxy) serve(client net.Conn) {
	p.mu.Lock()
	mode := p.mode
	if mode != refusing {
		p.conns[client] = true
	}
	p.mu.Unlock()
	switch mode {
	case refusing:
		_ = client.Close()
		return
	case hanging:
		return // the connection stays open until the mode changes, and nothing answers
	case passing:
	}
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		_ = client.Close()
		return
	}
	p.mu.Lock()
	p.conns[server] = true
	p.mu.Unlock()
	go func() { _, _ = io.Copy(server, client); _ = server.Close() }()
	_, _ = io.Copy(client, server)
	_ = client.Close()
}

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// runProgram runs a command to its end and returns what it prints.
func runProgram(t *testing.T, environment []string, arguments ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	command := program(t, environment, arguments...)
	command.Cancel = nil
	stop := context.AfterFunc(ctx, func() { _ = command.Process.Kill() })
	defer stop()
	var out, log bytes.Buffer
	command.Stdout, command.Stderr = &out, &log
	if err := command.Run(); err != nil {
		t.Fatalf("ecoseller %v: %v\n%s%s", arguments, err, &out, &log)
	}
	return strings.TrimSpace(out.String())
}

func productLine(sku, title string) string {
	return fmt.Sprintf(`{"sku":%q,"title":{"en":%q},"published":true}`+"\n", sku, title)
}
