package config_test

import (
	"reflect"
	"regexp"
	"strings"
	"testing"

	"ecoseller/config"
)

func TestSettings(t *testing.T) {
	t.Parallel()
	production := map[string]string{
		"POSTGRES_HOST": "db", "POSTGRES_PASSWORD": "hunter2", "ELASTIC_HOST": "https://elastic:hunter2@search:9200", "EMAIL_USE_SSL": "1", "EMAIL_HOST": "mail",
	}
	for _, test := range []struct {
		name string
		set  map[string]string
		want []config.Setting
	}{
		{"nothing set", nil, []config.Setting{
			{"PORT", "8080", config.SourceDefault},
			{"POSTGRES_HOST", "", config.SourceEmbedded},
			{"USE_ELASTIC", "false", config.SourceDerived},
			{"JOB_RETENTION", "168h", config.SourceDefault},
			{"REQUEST_TIMEOUT", "15s", config.SourceDefault},
			{"LANGUAGES", "en,cs,sk", config.SourceDefault},
			{"SERVER_URL", "http://127.0.0.1:8080", config.SourceDerived},
			{"REDIS_QUEUE_LOCATION", "", config.SourceEmbedded},
			{"EMAIL_HOST", "", config.SourceEmbedded},
			{"POSTGRES_PASSWORD", "", config.SourceDefault},
			{"INTROSPECTION", "true", config.SourceDerived},
		}},
		{"production", production, []config.Setting{
			{"POSTGRES_HOST", "db", config.SourceEnvironment},
			{"POSTGRES_PASSWORD", "(hidden)", config.SourceEnvironment},
			{"ELASTIC_HOST", "https://elastic:xxxxx@search:9200", config.SourceEnvironment},
			{"USE_ELASTIC", "true", config.SourceDerived},
			{"EMAIL_PORT", "465", config.SourceDerived},
			{"EMAIL_USE_SSL", "true", config.SourceEnvironment},
			{"INTROSPECTION", "false", config.SourceDerived},
			{"USING_REDIS_QUEUE", "false", config.SourceDerived},
			{"REDIS_QUEUE_LOCATION", "", config.SourceDefault},
		}},
		{"an empty variable is not set", map[string]string{"PORT": " "}, []config.Setting{{"PORT", "8080", config.SourceDefault}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c, err := config.From(test.set)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]config.Setting{}
			for _, s := range c.Settings(test.set) {
				got[s.Name] = s
				if strings.Contains(s.Value, "hunter2") {
					t.Errorf("%s shows a password", s.Name)
				}
			}
			for _, want := range test.want {
				if got[want.Name] != want {
					t.Errorf("got %+v, want %+v", got[want.Name], want)
				}
			}
		})
	}
}

// TestSecretsAreMarked finds new variables whose name says that they are secret.
func TestSecretsAreMarked(t *testing.T) {
	t.Parallel()
	secret, found := regexp.MustCompile(`PASSWORD|SECRET|_KEY$`), 0
	var look func(reflect.Type)
	look = func(structure reflect.Type) {
		for field := range structure.Fields() {
			if field.Type.Kind() == reflect.Struct && field.Tag.Get("env") == "" {
				look(field.Type)
			}
			if secret.MatchString(field.Tag.Get("env")) {
				found++
				if field.Tag.Get("secret") != "true" {
					t.Errorf("%s is not marked as secret", field.Tag.Get("env"))
				}
			}
		}
	}
	look(reflect.TypeFor[config.Config]())
	if found < 6 {
		t.Errorf("only %d secrets were found", found)
	}
}
