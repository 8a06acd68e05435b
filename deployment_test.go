package main

import (
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"ecoseller/config"
)

const manifestFolder = "deploy/kubernetes"

// manifest is what the tests look at in objects of Kubernetes.
type manifest struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string
	Metadata   struct{ Name string }
	Resources  []string
	Data       map[string]string
	Spec       struct {
		ScaleTargetRef struct{ Name string } `yaml:"scaleTargetRef"`
		Ports          []struct {
			TargetPort string `yaml:"targetPort"`
		}
		Template struct {
			Spec struct{ Containers []container }
		}
	}
}

type container struct {
	Name, Image string
	Args        []string
	Env         []struct{ Name, Value string }
	Ports       []struct {
		Name          string
		ContainerPort int `yaml:"containerPort"`
	}
	StartupProbe   probe `yaml:"startupProbe"`
	LivenessProbe  probe `yaml:"livenessProbe"`
	ReadinessProbe probe `yaml:"readinessProbe"`
	Resources      struct{ Requests, Limits map[string]string }
}

type probe struct {
	HTTPGet struct{ Path, Port string } `yaml:"httpGet"`
}

// TestManifestsNameWhatExists compares the manifests with the program: its variables, flags, ports and paths.
func TestManifestsNameWhatExists(t *testing.T) {
	t.Parallel()
	objects := map[string]manifest{}
	files := readManifests(t, filepath.Join(manifestFolder, "kustomization.yaml"))[0].Resources
	for _, file := range files {
		for _, m := range readManifests(t, filepath.Join(manifestFolder, file)) {
			if m.APIVersion == "" || m.Metadata.Name == "" {
				t.Errorf("%s has an object without version or name", file)
			}
			objects[m.Kind+"/"+m.Metadata.Name] = m
		}
	}
	if entries, err := filepath.Glob(manifestFolder + "/*.yaml"); err != nil || len(entries) != len(files)+1 {
		t.Errorf("kustomization.yaml names %v of %v", files, entries)
	}
	settings := objects["ConfigMap/ecoseller"].Data
	known := variablesOf(reflect.TypeFor[config.Config]())
	for name := range settings {
		if !slices.Contains(known, name) {
			t.Errorf("there is no variable %s", name)
		}
	}
	for _, role := range []string{"server", "worker"} {
		deployment := objects["Deployment/ecoseller-"+role]
		if len(deployment.Spec.Template.Spec.Containers) != 1 {
			t.Fatalf("the %s has no container", role)
		}
		checkContainer(t, deployment.Spec.Template.Spec.Containers[0], settings, known)
	}
	if target := objects["HorizontalPodAutoscaler/ecoseller-server"].Spec.ScaleTargetRef.Name; objects["Deployment/"+target].Kind == "" {
		t.Errorf("the autoscaler scales %q", target)
	}
	if ports := objects["Service/ecoseller"].Spec.Ports; len(ports) != 1 || ports[0].TargetPort != "http" {
		t.Errorf("the service leads to %+v", ports)
	}
}

func checkContainer(t *testing.T, c container, settings map[string]string, known []string) {
	t.Helper()
	variables := map[string]string{"POSTGRES_PASSWORD": "x"}
	maps.Copy(variables, settings)
	for _, variable := range c.Env {
		variables[variable.Name] = variable.Value
		if !slices.Contains(known, variable.Name) {
			t.Errorf("%s: there is no variable %s", c.Name, variable.Name)
		}
	}
	var environment []string
	for name, value := range variables {
		environment = append(environment, name+"="+value)
	}
	// The flags of the container, with a command that only shows the configuration.
	shown := outcomeOf(t, program(t, environment, append(slices.DeleteFunc(slices.Clone(c.Args), func(a string) bool { return a == "-worker" }), "config")...))
	if shown.status != 0 || c.Name == "worker" && !slices.Contains(c.Args, "-worker") {
		t.Errorf("%s: the program does not take %v and the settings: %+v", c.Name, c.Args, shown)
	}
	ports := map[string]int{}
	for _, p := range c.Ports {
		ports[p.Name] = p.ContainerPort
	}
	if ports["admin"] != 9090 || settings["METRICS_ADDRESS"] != "0.0.0.0:9090" {
		t.Errorf("%s: the port of probes is %d, METRICS_ADDRESS %s", c.Name, ports["admin"], settings["METRICS_ADDRESS"])
	}
	for path, p := range map[string]probe{"/healthz": c.LivenessProbe, "/readyz": c.ReadinessProbe} {
		if p.HTTPGet.Path != path || ports[p.HTTPGet.Port] == 0 {
			t.Errorf("%s: a probe asks for %+v", c.Name, p.HTTPGet)
		}
	}
	if c.StartupProbe.HTTPGet.Path != "/healthz" || c.Resources.Requests["cpu"] == "" || c.Resources.Limits["memory"] == "" {
		t.Errorf("%s: startup %+v, resources %+v", c.Name, c.StartupProbe, c.Resources)
	}
}

func readManifests(t *testing.T, file string) []manifest {
	t.Helper()
	content, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = content.Close() }()
	decoder := yaml.NewDecoder(content)
	var all []manifest
	for {
		var m manifest
		err := decoder.Decode(&m)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("%s: %s", file, strings.TrimSpace(err.Error()))
		}
		if m.Kind != "" {
			all = append(all, m)
		}
	}
}
