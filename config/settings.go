package config

import (
	"fmt"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Source is where a setting's value comes from.
type Source string

// The sources of values.
const (
	// SourceEnvironment is a variable, or a flag in its place.
	SourceEnvironment Source = "environment"
	SourceDefault     Source = "default"
	// SourceDerived is what follows from other settings.
	SourceDerived Source = "derived"
	// SourceEmbedded is a service that runs inside the program.
	SourceEmbedded Source = "embedded"
)

// Setting is one variable of the configuration, as it is in effect.
type Setting struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Source Source `json:"source"`
}

// hidden stands for a secret that is set.
const hidden = "(hidden)"

// Settings returns the configuration in effect for the variables that it was read from, without secrets.
func (c *Config) Settings(variables map[string]string) []Setting {
	given, derived := withoutEmpty(variables), c.derived()
	var settings []Setting
	eachField(reflect.ValueOf(c).Elem(), func(field reflect.StructField, value reflect.Value) {
		name := field.Tag.Get("env")
		s := Setting{Name: name, Value: display(value), Source: SourceDefault}
		if _, ok := given[name]; ok {
			s.Source = SourceEnvironment
		} else if d, ok := derived[name]; ok {
			s.Value, s.Source = d.Value, d.Source
		}
		if field.Tag.Get("secret") != "" && s.Value != "" {
			s.Value = hidden
		}
		settings = append(settings, s)
	})
	return settings
}

// derived are the values of settings that may be left out and have no fixed default.
func (c *Config) derived() map[string]Setting {
	derived := map[string]Setting{
		"OTEL_SDK_DISABLED":          {Value: strconv.FormatBool(!c.Traces.On()), Source: SourceDerived},
		"INTROSPECTION":              {Value: strconv.FormatBool(c.AllowIntrospection()), Source: SourceDerived},
		"USE_ELASTIC":                {Value: strconv.FormatBool(c.UseElastic()), Source: SourceDerived},
		"ELASTIC_AUTO_REBUILD_INDEX": {Value: strconv.FormatBool(c.Elastic.AutoRebuild.Or(false)), Source: SourceDefault},
		"USING_REDIS_QUEUE":          {Value: strconv.FormatBool(c.UseRedis()), Source: SourceDerived},
		"EMAIL_USE_SSL":              {Value: strconv.FormatBool(c.Email.UseSSL.Or(false)), Source: SourceDefault},
		"EMAIL_PORT":                 {Value: strconv.Itoa(c.Email.Port), Source: SourceDerived},
		"SERVER_URL":                 {Value: c.PublicURL(), Source: SourceDerived},
		"MEDIA_URL":                  {Value: c.MediaURL(), Source: SourceDerived},
	}
	if c.Embedded() {
		derived["POSTGRES_HOST"] = Setting{Source: SourceEmbedded}
		derived["MEDIA_FOLDER"] = Setting{Value: c.MediaFolder(), Source: SourceDerived}
	}
	if c.EmbeddedRedis() {
		derived["REDIS_QUEUE_LOCATION"] = Setting{Source: SourceEmbedded}
	}
	if c.EmbeddedMailbox() {
		derived["EMAIL_HOST"], derived["EMAIL_PORT"] = Setting{Source: SourceEmbedded}, Setting{Source: SourceEmbedded}
	}
	return derived
}

// eachField visits the fields that have a variable, in their order.
func eachField(v reflect.Value, visit func(reflect.StructField, reflect.Value)) {
	for field, value := range v.Fields() {
		if field.Tag.Get("env") != "" {
			visit(field, value)
		} else if field.Type.Kind() == reflect.Struct {
			eachField(value, visit)
		}
	}
}

// display writes a value as its variable would be set; a password within an address is left out.
func display(v reflect.Value) string {
	switch value := v.Interface().(type) {
	case []string:
		return strings.Join(value, ",")
	case Switch:
		if !value.set {
			return ""
		}
		return strconv.FormatBool(value.on)
	case time.Duration:
		return shortDuration(value)
	case string:
		if u, err := url.Parse(value); err == nil && u.User != nil {
			return u.Redacted()
		}
		return value
	default:
		return fmt.Sprint(value)
	}
}

// shortDuration writes 168h0m0s as 168h.
func shortDuration(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
