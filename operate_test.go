package main

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v3"

	"ecoseller/config"
)

// outcome is how a command ended.
type outcome struct {
	status      int
	out, errors string
}

func outcomeOf(t *testing.T, command *exec.Cmd) outcome {
	t.Helper()
	var out, log strings.Builder
	command.Stdout, command.Stderr = &out, &log
	if err := command.Run(); err != nil {
		if _, exited := errors.AsType[*exec.ExitError](err); !exited {
			t.Fatal(err)
		}
	}
	return outcome{command.ProcessState.ExitCode(), out.String(), log.String()}
}

// TestHelpExplainsEveryCommand asks the program, as an operator does.
func TestHelpExplainsEveryCommand(t *testing.T) {
	t.Parallel()
	overview := outcomeOf(t, program(t, nil, "-help"))
	if overview.status != 0 || overview.errors != "" {
		t.Errorf("-help: %+v", overview)
	}
	var visit func(path []string, c *cli.Command)
	visit = func(path []string, c *cli.Command) {
		help := outcomeOf(t, program(t, nil, append(slices.Clone(path), "-help")...))
		if help.status != 0 || !strings.Contains(help.out, "ecoseller "+strings.Join(path, " ")) || !strings.Contains(help.out, c.Usage) {
			t.Errorf("%v -help: %+v", path, help)
		}
		for _, f := range c.Flags {
			if usage := f.(cli.DocGenerationFlag).GetUsage(); usage == "" || !strings.Contains(help.out, usage) {
				t.Errorf("%v -help does not explain -%s", path, f.Names()[0])
			}
		}
		for _, child := range c.Commands {
			visit(append(slices.Clone(path), child.Name), child)
		}
	}
	for _, c := range commandLine().Commands {
		if c.Category == "" || !strings.Contains(overview.out, c.Category+":") || !strings.Contains(overview.out, c.Usage) {
			t.Errorf("-help does not show %s in its group", c.Name)
		}
		visit([]string{c.Name}, c)
	}
}

// TestShellsComplete loads the script into a real bash and has it complete, and checks what the others call.
func TestShellsComplete(t *testing.T) {
	t.Parallel()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if err := os.Symlink(binary, filepath.Join(folder, "ecoseller")); err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]string{"cre": "create-admin create-token", "migrate st": "status", "search-index --re": "--rebuild", "completion ba": "bash"} {
		command := exec.Command("bash", "-c", `_get_comp_words_by_ref() { :; } # of the package bash-completion; what it reads has no = and :
			source <(ecoseller completion bash)
			COMP_WORDS=(ecoseller `+line+`); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMP_LINE="ecoseller `+line+`"; COMP_POINT=${#COMP_LINE}
			$(complete -p ecoseller | sed -E 's/.*-F ([^ ]+).*/\1/') ecoseller; echo "${COMPREPLY[@]}"`)
		command.Env = []string{runMain + "=1", "PATH=" + folder + ":" + os.Getenv("PATH")}
		if got := outcomeOf(t, command); strings.TrimSpace(got.out) != want {
			t.Errorf("bash completes %q to %+v, want %q", line, got, want)
		}
	}
	for _, shell := range []string{"zsh", "fish"} {
		script := outcomeOf(t, program(t, nil, "completion", shell))
		if script.status != 0 || !strings.Contains(script.out, "ecoseller") || !strings.Contains(script.out, "--generate-shell-completion") {
			t.Errorf("completion %s: %+v", shell, script)
		}
	}
}

func TestVersionCommand(t *testing.T) {
	t.Parallel()
	var b build
	if err := json.Unmarshal([]byte(runProgram(t, nil, "version", "-json")), &b); err != nil {
		t.Fatal(err)
	}
	if b.Version == "" || b.Go == "" || !strings.Contains(b.Platform, "/") {
		t.Errorf("version: %+v", b)
	}
	if text := runProgram(t, nil, "version"); !strings.HasPrefix(text, "ecoseller "+b.Version) || !strings.Contains(text, b.Go) {
		t.Errorf("version prints %s", text)
	}
}

func TestConfigCommand(t *testing.T) {
	t.Parallel()
	environment := []string{"POSTGRES_HOST=db", "POSTGRES_PASSWORD=hunter2", "PORT=9000"}
	table := runProgram(t, environment, "-concurrency", "3", "config")
	for _, line := range []string{
		`PORT +9000 +environment`, `POSTGRES_PASSWORD +\(hidden\) +environment`, `WORKER_CONCURRENCY +3 +environment`,
		`LOG_LEVEL +info +default`, `SERVER_URL +http://127.0.0.1:9000 +derived`,
	} {
		if !regexp.MustCompile(`(?m)^` + line + `$`).MatchString(table) {
			t.Errorf("%s is not in\n%s", line, table)
		}
	}
	var settings []config.Setting
	if err := json.Unmarshal([]byte(runProgram(t, environment, "config", "-json")), &settings); err != nil || len(settings) < 50 {
		t.Errorf("%d settings in JSON, %v", len(settings), err)
	}
	mistaken := outcomeOf(t, program(t, []string{"PORT=x"}, "config"))
	if mistaken.status != 1 || !strings.Contains(mistaken.errors, `PORT: "x" cannot be read`) {
		t.Errorf("a mistaken configuration: %+v", mistaken)
	}
}

func TestMigrateCommand(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	run := func(arguments ...string) outcome {
		return outcomeOf(t, program(t, d.environment, append([]string{"migrate"}, arguments...)...))
	}
	all := run("status")
	newest := regexp.MustCompile(`\d{14}_\S+\n$`).FindString(all.out)
	if all.status != 0 || newest == "" || strings.Contains(all.out, "pending") {
		t.Fatalf("status of a new database: %+v", all)
	}
	if asked := run("down"); asked.status != 1 || !strings.Contains(asked.out, "would take back "+newest) {
		t.Errorf("down without -yes: %+v", asked)
	}
	if after := run("status"); after != all {
		t.Errorf("down without -yes has done something: %+v", after)
	}
	if done := run("down", "-yes"); done.status != 0 || done.out != "took back "+newest {
		t.Errorf("down -yes: %+v", done)
	}
	if without := run("status"); without.status != 1 || !strings.Contains(without.out, "pending                      "+newest) || !strings.Contains(without.errors, "1 migrations") {
		t.Errorf("status without the newest: %+v", without)
	}
	if up := run(); up.status != 0 || up.out != "applied "+newest+"the database is up to date\n" {
		t.Errorf("migrate: %+v", up)
	}
	if down := run("down", "-yes", "-steps", "1000"); down.status != 0 || strings.Count(down.out, "took back") != strings.Count(all.out, "applied") {
		t.Errorf("down to nothing: %+v", down)
	}
	if empty := run("status"); empty.status != 1 || strings.Contains(empty.out, "applied ") {
		t.Errorf("status of an empty database: %+v", empty)
	}
	if up := run("up"); up.status != 0 {
		t.Errorf("up from nothing: %+v", up)
	}
}

func TestCreateAdmin(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	create := func(arguments ...string) outcome {
		return outcomeOf(t, program(t, d.environment, append([]string{"create-admin"}, arguments...)...))
	}
	first := create("-name", "alice")
	if first.status != 0 || !strings.HasPrefix(first.out, "eco_") {
		t.Fatalf("create-admin: %+v", first)
	}
	if again := create("-name", "alice"); again.status != 1 || again.out != "" || !strings.Contains(again.errors, "-replace") {
		t.Errorf("the same name again: %+v", again)
	}
	second := create("-name", "alice", "-replace", "-expires", "1h")
	_, shop := serverOn(t, append(d.environment, "USING_REDIS_QUEUE=0", "USE_ELASTIC=0"))
	ask := func(token outcome) string {
		shop.token = strings.TrimSpace(token.out)
		return string(shop.post(t, `{"query":"{ queues { queue } }"}`))
	}
	if answer := ask(second); strings.Contains(answer, "errors") {
		t.Errorf("an administrator is refused: %s", answer)
	}
	if answer := ask(first); !strings.Contains(answer, "UNAUTHENTICATED") {
		t.Errorf("the token that was replaced is still valid: %s", answer)
	}
	if brief := create("-name", "bob", "-expires", "1ms"); brief.status != 0 || create("-name", "bob").status != 0 {
		t.Error("a name whose token has expired is not free")
	}
}

// TestDoctor takes services away and reads what the doctor says.
func TestDoctor(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	healthyShop := append(slices.Clone(d.environment), "MEDIA_FOLDER="+t.TempDir())
	noFolder := write(t, "file", "")
	for _, test := range []struct {
		name    string
		set     []string
		redis   proxyMode
		elastic proxyMode
		status  int
		says    []string
	}{
		{"all is well but for an index", nil, passing, passing, 0, []string{
			`ok +postgresql +version`, `ok +migrations +all \d+ are applied`, `ok +jobs`, `ok +elasticsearch`, `ok +dictionaries`,
			`warning +search index .* is missing\n.*search-index -rebuild`, `ok +redis`, `ok +mail`, `ok +pictures +can be written`,
		}},
		{"Redis and Elasticsearch are away", nil, refusing, refusing, 1, []string{
			`broken +redis .*\n.*start Redis`, `broken +elasticsearch .*\n.*start Elasticsearch`, `ok +postgresql`, `ok +mail`,
		}},
		{"wrong password", []string{"POSTGRES_USER=nobody_we_know", "POSTGRES_PASSWORD=hunter2"}, passing, passing, 1, []string{
			`broken +postgresql .*refuses user and password.*\n.*POSTGRES_USER`,
		}},
		{"no such database", []string{"POSTGRES_DB=no_such_shop"}, passing, passing, 1, []string{`broken +postgresql .*no such database.*\n.*CREATE DATABASE no_such_shop`}},
		{"nobody listens", []string{"POSTGRES_PORT=1", "EMAIL_PORT=1"}, passing, passing, 1, []string{
			`broken +postgresql .*nobody listens there`, `broken +mail .*\n.*EMAIL_HOST and EMAIL_PORT`,
		}},
		{"a file is no folder", []string{"MEDIA_FOLDER=" + noFolder}, passing, passing, 1, []string{`broken +pictures .*\n.*MEDIA_FOLDER`}},
		{"less is needed", []string{"USE_ELASTIC=0", "USING_REDIS_QUEUE=0", "MEDIA_FOLDER="}, passing, passing, 0, []string{
			`unused +elasticsearch`, `unused +redis`, `unused +pictures`,
		}},
		{"a mistaken configuration", []string{"PORT=x"}, passing, passing, 1, []string{`broken +configuration .*PORT`}},
	} {
		d.redis.set(test.redis)
		d.elastic.set(test.elastic)
		got := outcomeOf(t, program(t, append(slices.Clone(healthyShop), test.set...), "doctor"))
		if got.status != test.status || strings.Contains(got.out+got.errors, "hunter2") {
			t.Errorf("%s: %+v", test.name, got)
		}
		for _, pattern := range test.says {
			if !regexp.MustCompile(`(?m)^` + pattern).MatchString(got.out) {
				t.Errorf("%s: %s is not in\n%s", test.name, pattern, got.out)
			}
		}
	}
	d.redis.set(passing)
	d.elastic.set(passing)
	var findings []finding
	asJSON := outcomeOf(t, program(t, healthyShop, "doctor", "-json"))
	if err := json.Unmarshal([]byte(asJSON.out), &findings); err != nil || len(findings) < 9 {
		t.Errorf("doctor -json: %v, %+v", err, asJSON)
	}
	runProgram(t, d.environment, "migrate", "down", "-yes")
	if got := outcomeOf(t, program(t, healthyShop, "doctor")); got.status != 0 || !strings.Contains(got.out, "1 of") || !strings.Contains(got.out, "ecoseller migrate up") {
		t.Errorf("a migration is missing: %+v", got)
	}
}
