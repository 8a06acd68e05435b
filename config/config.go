// Package config reads the whole configuration from the environment into one struct, and checks it once.
package config

import (
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
)

// Config is everything the environment decides. The names of the predecessor's variables are kept.
type Config struct {
	// Host and Port are where the server listens.
	Host string `env:"HOST" envDefault:"127.0.0.1"`
	Port int    `env:"PORT" envDefault:"8080"`
	// Folder keeps what the embedded services store.
	Folder string `env:"ECOSELLER_FOLDER" envDefault:".ecoseller"`
	// Introspection lets clients read the schema; by default it is on in development only.
	Introspection Switch `env:"INTROSPECTION"`
	// DemoStorefront serves an example storefront; by default in development only.
	DemoStorefront Switch `env:"DEMO_STOREFRONT"`
	// LogLevel is debug, info, warn or error.
	LogLevel string `env:"LOG_LEVEL" envDefault:"info"`

	// Languages are what the shop speaks, the default one first.
	Languages []string `env:"LANGUAGES" envDefault:"en,cs,sk"`
	// LanguageFallback is the order in which a missing translation is looked for.
	LanguageFallback []string `env:"LANGUAGE_FALLBACK" envDefault:"sk,cs,en"`
	// SearchProtectedWords are brands and other words that the search does not take endings off.
	SearchProtectedWords []string `env:"SEARCH_PROTECTED_WORDS"`
	// DefaultCountry decides on price list and VAT when a request names no country.
	DefaultCountry string `env:"DEFAULT_COUNTRY" envDefault:"CZ"`
	// StorefrontURL is where links in feeds and mail lead; its host makes Message-IDs.
	StorefrontURL string `env:"STOREFRONT_URL" envDefault:"http://localhost:3000"`
	// StorefrontProductPath and StorefrontCategoryPath are where in it a product and a category are.
	StorefrontProductPath  string `env:"STOREFRONT_PRODUCT_PATH" envDefault:"/{language}/product/{slug}"`
	StorefrontCategoryPath string `env:"STOREFRONT_CATEGORY_PATH" envDefault:"/{language}/category/{slug}"`
	// ShopName is how mails call the shop.
	ShopName string `env:"SHOP_NAME" envDefault:"ecoseller"`
	// TimeZone is in what time zone mails tell the time.
	TimeZone string `env:"TIME_ZONE" envDefault:"Europe/Prague"`
	// ServerURL is where this server is reached from outside; by default where it listens.
	ServerURL string `env:"SERVER_URL"`

	Postgres Postgres
	Elastic  Elastic
	Boosts   SearchBoosts
	Redis    Redis
	Email    Email
	Media    Media
	Limits   Limits
	Traffic  Traffic

	// RequestTimeout bounds a request, and each of its SQL statements.
	RequestTimeout time.Duration `env:"REQUEST_TIMEOUT" envDefault:"15s"`
	// SearchStatisticsDays is how long it is known what was searched; 0 counts nothing.
	SearchStatisticsDays int `env:"SEARCH_STATISTICS_DAYS" envDefault:"90"`
	// WorkerConcurrency is how many jobs a worker runs at once.
	WorkerConcurrency int `env:"WORKER_CONCURRENCY" envDefault:"10"`
	// WorkerQueues are the queues a worker works for, the most urgent first.
	WorkerQueues []string `env:"WORKER_QUEUES" envDefault:"high,default,low"`
	// JobRetention is how long finished jobs are kept.
	JobRetention time.Duration `env:"JOB_RETENTION" envDefault:"168h"`
	// MetricsAddress is where server and worker answer operators: metrics, probes and profiles; nowhere by default.
	MetricsAddress string `env:"METRICS_ADDRESS"`

	Traces Traces
}

// Limits are what one request, and one client, may ask for at most.
type Limits struct {
	// QueryBytes and Tokens are the length of a document.
	QueryBytes int `env:"LIMIT_QUERY_BYTES" envDefault:"32768"`
	Tokens     int `env:"LIMIT_TOKENS" envDefault:"1500"`
	// RepeatedFields is how many fields of a document may have one name in the answer.
	RepeatedFields int `env:"LIMIT_REPEATED_FIELDS" envDefault:"250"`
	// Fields, Depth and Aliases are counted with every fragment put in where it is spread.
	Fields  int `env:"LIMIT_FIELDS" envDefault:"1000"`
	Depth   int `env:"LIMIT_DEPTH" envDefault:"20"`
	Aliases int `env:"LIMIT_ALIASES" envDefault:"50"`
	// Complexity is how many fields an answer may have, as far as can be known before.
	Complexity int `env:"LIMIT_COMPLEXITY" envDefault:"100000"`
	// PageSize is how many items a page may have.
	PageSize int `env:"LIMIT_PAGE_SIZE" envDefault:"100"`
	// BodyBytes is the length of a request without files, BodyTime how long it may take to arrive.
	BodyBytes int64         `env:"LIMIT_BODY_BYTES" envDefault:"2097152"`
	BodyTime  time.Duration `env:"LIMIT_BODY_TIME" envDefault:"10s"`
	// UploadTime is how long a request with files may take: lines of editors are slower than those of servers.
	UploadTime time.Duration `env:"LIMIT_UPLOAD_TIME" envDefault:"3m"`
	// Rate is the complexity a client may ask for within RateWindow, TokenRate one with a token; 0 is no limit.
	Rate       int           `env:"RATE_LIMIT" envDefault:"1000000"`
	TokenRate  int           `env:"RATE_LIMIT_WITH_TOKEN" envDefault:"10000000"`
	RateWindow time.Duration `env:"RATE_LIMIT_WINDOW" envDefault:"1m"`
	// Subscriptions is how many may be open at once, SubscriptionsPerConnection over one WebSocket.
	Subscriptions              int `env:"LIMIT_SUBSCRIPTIONS" envDefault:"1000"`
	SubscriptionsPerConnection int `env:"LIMIT_SUBSCRIPTIONS_PER_CONNECTION" envDefault:"20"`
}

// Traffic is who may come, how many at once, and what caches may keep.
type Traffic struct {
	// HeaderTime is how long the head of a request may take to arrive.
	HeaderTime time.Duration `env:"LIMIT_HEADER_TIME" envDefault:"5s"`
	// Connections and ConnectionsPerClient are how many may be open at once.
	Connections          int `env:"LIMIT_CONNECTIONS" envDefault:"5000"`
	ConnectionsPerClient int `env:"LIMIT_CONNECTIONS_PER_CLIENT" envDefault:"200"`
	// TrustedProxies are whom X-Forwarded-For is believed, as addresses and ranges; "private" stands for this machine
	// and private networks, "none" for nobody.
	TrustedProxies []string `env:"TRUSTED_PROXIES" envDefault:"private"`
	// Origins are those of pages that may use the API; "*" stands for all.
	Origins []string `env:"CORS_ORIGINS" envDefault:"*"`
	// Documents is a folder or file with the only documents that are run.
	Documents string `env:"REGISTERED_DOCUMENTS"`
	// CacheTime is how long caches may give what anybody may see to others; 0 is never.
	CacheTime time.Duration `env:"CACHE_TIME" envDefault:"30s"`
	// ReadCacheBytes is how much memory the server takes for answers and products that it keeps until they change; 0
	// keeps none.
	ReadCacheBytes int64 `env:"READ_CACHE_BYTES" envDefault:"25165824"`
}

// Postgres is where the truth lives. Nothing set: a server of our own is embedded.
type Postgres struct {
	Host           string `env:"POSTGRES_HOST"`
	Port           int    `env:"POSTGRES_PORT" envDefault:"5432"`
	Database       string `env:"POSTGRES_DB" envDefault:"ecoseller"`
	User           string `env:"POSTGRES_USER" envDefault:"ecoseller"`
	Password       string `env:"POSTGRES_PASSWORD" secret:"true"`
	SSLMode        string `env:"POSTGRES_SSL_MODE" envDefault:"disable"`
	MaxConnections int    `env:"POSTGRES_MAX_CONNECTIONS" envDefault:"20"`
}

// Elastic is the search engine; without it the engine in PostgreSQL answers.
type Elastic struct {
	Use         Switch `env:"USE_ELASTIC"`
	Host        string `env:"ELASTIC_HOST"`
	Username    string `env:"ELASTICSEARCH_USERNAME"`
	Password    string `env:"ELASTICSEARCH_PASSWORD" secret:"true"`
	Index       string `env:"ELASTICSEARCH_INDEX_NAMES" envDefault:"products"`
	AutoRebuild Switch `env:"ELASTIC_AUTO_REBUILD_INDEX"`
	// Timeout is how long a search waits for Elasticsearch before PostgreSQL answers instead.
	Timeout time.Duration `env:"ELASTIC_TIMEOUT" envDefault:"2s"`
	// HedgeAfter is when PostgreSQL is asked as well, in case it is faster then; 0 means never.
	HedgeAfter time.Duration `env:"ELASTIC_HEDGE_AFTER" envDefault:"500ms"`
	// Schedule is when the worker rebuilds the index, as in a crontab; empty means never.
	Schedule string `env:"SEARCH_INDEX_SCHEDULE"`
	// ScheduleTimeZone is where the clock hangs that Schedule goes by.
	ScheduleTimeZone string `env:"SEARCH_INDEX_TIME_ZONE" envDefault:"UTC"`
}

// SearchBoosts say how much it counts where a search finds a word.
type SearchBoosts struct {
	Title            float64 `env:"SEARCH_BOOST_TITLE" envDefault:"4"`
	ShortDescription float64 `env:"SEARCH_BOOST_SHORT_DESCRIPTION" envDefault:"2.4"`
	AttributeList    float64 `env:"SEARCH_BOOST_ATTRIBUTE_LIST" envDefault:"0.3"`
	Brand            float64 `env:"SEARCH_BOOST_BRAND" envDefault:"10"`
	Text             float64 `env:"SEARCH_BOOST_TEXT" envDefault:"2"`
	AllWords         float64 `env:"SEARCH_BOOST_ALL_WORDS" envDefault:"40"`
	AllInTitle       float64 `env:"SEARCH_BOOST_ALL_IN_TITLE" envDefault:"8"`
	Without          float64 `env:"SEARCH_BOOST_WITHOUT" envDefault:"6"`
	Accents          float64 `env:"SEARCH_BOOST_ACCENTS" envDefault:"0.5"`
}

// Redis is what wakes the worker; without it the server runs the jobs itself.
type Redis struct {
	Use      Switch `env:"USING_REDIS_QUEUE"`
	Location string `env:"REDIS_QUEUE_LOCATION"`
	Password string `env:"REDIS_PASSWORD" secret:"true"`
	// Namespace begins the names of all keys; the braces keep them on one node of a cluster.
	Namespace string `env:"REDIS_QUEUE_NAMESPACE" envDefault:"{ecoseller}"`
}

// Email is the mail server.
type Email struct {
	Host     string `env:"EMAIL_HOST"`
	Port     int    `env:"EMAIL_PORT"`
	User     string `env:"EMAIL_HOST_USER"`
	Password string `env:"EMAIL_HOST_PASSWORD" secret:"true"`
	From     string `env:"EMAIL_FROM" envDefault:"shop@localhost"`
	UseSSL   Switch `env:"EMAIL_USE_SSL"`
	// Connections is how many a process has to the mail server at once.
	Connections int `env:"EMAIL_CONNECTIONS" envDefault:"10"`
	// DKIM signs mail where a key is given, in PEM.
	DKIMDomain   string `env:"EMAIL_DKIM_DOMAIN"`
	DKIMSelector string `env:"EMAIL_DKIM_SELECTOR"`
	DKIMKeyFile  string `env:"EMAIL_DKIM_KEY_FILE"`
	// PerCaller and PerRecipient are mails an hour; 0 is no limit.
	PerCaller    int `env:"EMAIL_LIMIT_PER_CALLER" envDefault:"10000"`
	PerRecipient int `env:"EMAIL_LIMIT_PER_RECIPIENT" envDefault:"30"`
}

// Media is where uploaded pictures are kept: in a folder, or in a bucket that speaks S3.
type Media struct {
	// Folder is a folder of this machine.
	Folder string `env:"MEDIA_FOLDER"`
	// URL is where clients find the pictures; by default below /media of this server.
	URL string `env:"MEDIA_URL"`
	// MaxBytes is how large an uploaded picture may be.
	MaxBytes int64 `env:"MEDIA_MAX_BYTES" envDefault:"10485760"`

	// S3Endpoint is the address of the service.
	S3Endpoint  string `env:"MEDIA_S3_ENDPOINT"`
	S3Region    string `env:"MEDIA_S3_REGION"`
	S3Bucket    string `env:"MEDIA_S3_BUCKET"`
	S3AccessKey string `env:"MEDIA_S3_ACCESS_KEY" secret:"true"`
	S3SecretKey string `env:"MEDIA_S3_SECRET_KEY" secret:"true"`
}

// Traces say whether spans are sent. The variables are OpenTelemetry's, whose library reads these and others itself.
type Traces struct {
	Endpoint       string `env:"OTEL_EXPORTER_OTLP_ENDPOINT"`
	TracesEndpoint string `env:"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"`
	// Exporter is otlp or none.
	Exporter string `env:"OTEL_TRACES_EXPORTER"`
	Disabled Switch `env:"OTEL_SDK_DISABLED"`
}

// On says whether there is somewhere to send them to.
func (t Traces) On() bool {
	if t.Disabled.Or(false) || t.Exporter == "none" {
		return false
	}
	return t.Endpoint != "" || t.TracesEndpoint != "" || t.Exporter == "otlp"
}

// InBucket says whether pictures are kept in a bucket.
func (m Media) InBucket() bool { return m.S3Endpoint != "" }

// FromEnvironment reads and checks the configuration. The error lists every mistake, each with the name
// of its variable.
func FromEnvironment() (*Config, error) { return From(EnvironmentAnd(nil)) }

// EnvironmentAnd returns the variables of the environment, with others, such as flags set, in their places where they
// are not empty.
func EnvironmentAnd(variables map[string]string) map[string]string {
	all := env.ToMap(os.Environ())
	maps.Copy(all, withoutEmpty(variables))
	return all
}

// From reads and checks the configuration from the given variables.
func From(variables map[string]string) (*Config, error) {
	c := new(Config)
	variables = withoutEmpty(variables)
	if err := env.ParseWithOptions(c, env.Options{Environment: variables}); err != nil {
		return nil, fmt.Errorf("configuration: %w", errors.Join(unreadable(variables)...))
	}
	c.complete()
	if errs := c.mistakes(); len(errs) > 0 {
		return nil, fmt.Errorf("configuration: %w", errors.Join(errs...))
	}
	return c, nil
}

// Embedded says whether PostgreSQL runs inside this process, which makes this a development server.
func (c *Config) Embedded() bool { return c.Postgres.Host == "" }

// UseElastic says whether Elasticsearch is the first engine.
func (c *Config) UseElastic() bool { return c.Elastic.Use.Or(c.Elastic.Host != "") }

// UseRedis says whether jobs travel through Redis.
func (c *Config) UseRedis() bool { return c.Redis.Use.Or(c.Redis.Location != "" || c.Embedded()) }

// EmbeddedRedis says whether that Redis runs inside this process.
func (c *Config) EmbeddedRedis() bool { return c.UseRedis() && c.Redis.Location == "" && c.Embedded() }

// EmbeddedMailbox says whether mail is caught inside this process.
func (c *Config) EmbeddedMailbox() bool { return c.Email.Host == "" && c.Embedded() }

// AllowIntrospection says whether clients may read the schema.
func (c *Config) AllowIntrospection() bool { return c.Introspection.Or(c.Embedded()) }

// ServeDemoStorefront says whether there is an example storefront.
func (c *Config) ServeDemoStorefront() bool { return c.DemoStorefront.Or(c.Embedded()) }

// Address is host:port of the server.
func (c *Config) Address() string { return net.JoinHostPort(c.Host, strconv.Itoa(c.Port)) }

// PublicURL is where this server is reached from outside.
func (c *Config) PublicURL() string {
	if c.ServerURL != "" {
		return c.ServerURL
	}
	return "http://" + c.Address()
}

// KeepsMedia says whether there is a place for uploaded pictures.
func (c *Config) KeepsMedia() bool { return c.Media.InBucket() || c.MediaFolder() != "" }

// MediaFolder is where pictures are kept that do not go into a bucket.
func (c *Config) MediaFolder() string {
	if c.Media.Folder == "" && c.Embedded() {
		return filepath.Join(c.Folder, "media")
	}
	return c.Media.Folder
}

// MediaURL is where clients find pictures, without a slash at its end.
func (c *Config) MediaURL() string {
	if c.Media.URL != "" {
		return strings.TrimRight(c.Media.URL, "/")
	}
	return strings.TrimRight(c.PublicURL(), "/") + "/media"
}

// MessageIDDomain is the domain of the Message-IDs of our mail.
func (c *Config) MessageIDDomain() string {
	if u, err := url.Parse(c.StorefrontURL); err == nil && u.Hostname() != "" {
		return u.Hostname()
	}
	return "localhost"
}

// Address is host:port of PostgreSQL, or the path of its socket.
func (p Postgres) Address() string {
	if strings.HasPrefix(p.Host, "/") {
		return fmt.Sprintf("%s/.s.PGSQL.%d", p.Host, p.Port)
	}
	return net.JoinHostPort(p.Host, strconv.Itoa(p.Port))
}

// TLS is nil for connections in the clear.
func (p Postgres) TLS() *tls.Config {
	if p.SSLMode == "disable" {
		return nil
	}
	return &tls.Config{ServerName: p.Host, MinVersion: tls.VersionTLS12}
}

// complete derives what has no fixed default.
func (c *Config) complete() {
	if c.Elastic.Host != "" && !strings.Contains(c.Elastic.Host, "://") {
		c.Elastic.Host = "http://" + c.Elastic.Host
	}
	if c.Redis.Location != "" && !strings.Contains(c.Redis.Location, ":") {
		c.Redis.Location += ":6379"
	}
	if c.Email.Port != 0 {
		return
	}
	c.Email.Port = 25
	if c.Email.UseSSL.Or(false) {
		c.Email.Port = 465
	}
}

// languageCode is the part of BCP 47 that shops need: language, script, region.
var languageCode = regexp.MustCompile(`^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$`)

// mistakes checks what types cannot, and says how to mend it.
func (c *Config) mistakes() []error {
	var errs []error
	complain := func(broken bool, format string, args ...any) {
		if broken {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	complain(c.Port < 0 || c.Port > 65535, "PORT: %d is not a port", c.Port)
	complain(c.Postgres.Port < 1 || c.Postgres.Port > 65535, "POSTGRES_PORT: %d is not a port", c.Postgres.Port)
	_, zone := time.LoadLocation(c.TimeZone)
	complain(zone != nil, "TIME_ZONE: %q is not a time zone such as Europe/Prague", c.TimeZone)
	complain(c.Email.Connections < 1, "EMAIL_CONNECTIONS: at least 1 is needed")
	complain(c.Email.PerCaller < 0, "EMAIL_LIMIT_PER_CALLER: 0 means no limit, less is not possible")
	complain(c.Email.PerRecipient < 0, "EMAIL_LIMIT_PER_RECIPIENT: 0 means no limit, less is not possible")
	complain((c.Email.DKIMKeyFile != "") != (c.Email.DKIMDomain != "" && c.Email.DKIMSelector != ""),
		"EMAIL_DKIM_KEY_FILE, EMAIL_DKIM_DOMAIN, EMAIL_DKIM_SELECTOR: all of them or none")
	complain(c.Email.Port < 1 || c.Email.Port > 65535, "EMAIL_PORT: %d is not a port", c.Email.Port)
	complain(c.Postgres.MaxConnections < 1, "POSTGRES_MAX_CONNECTIONS: at least 1 is needed")
	complain(!slices.Contains([]string{"disable", "verify-full"}, c.Postgres.SSLMode),
		"POSTGRES_SSL_MODE: %q is neither disable nor verify-full", c.Postgres.SSLMode)
	complain(c.WorkerConcurrency < 1, "WORKER_CONCURRENCY: at least 1 is needed")
	complain(c.SearchStatisticsDays < 0 || c.SearchStatisticsDays > 3650, "SEARCH_STATISTICS_DAYS: 0 to 3650, where 0 counts nothing")
	complain(len(c.WorkerQueues) == 0, "WORKER_QUEUES: at least one is needed, such as high,default,low")
	for i, queue := range c.WorkerQueues {
		complain(!slices.Contains([]string{"high", "default", "low"}, queue), "WORKER_QUEUES: %q is none of high, default, low", queue)
		complain(slices.Contains(c.WorkerQueues[:i], queue), "WORKER_QUEUES: %q is there twice", queue)
	}
	complain(c.JobRetention <= 0, "JOB_RETENTION: must be longer than nothing, such as 168h")
	complain(c.RequestTimeout <= 0, "REQUEST_TIMEOUT: must be longer than nothing, such as 15s")
	complain(c.Elastic.Timeout <= 0, "ELASTIC_TIMEOUT: must be longer than nothing, such as 2s")
	complain(c.Elastic.HedgeAfter < 0, "ELASTIC_HEDGE_AFTER: must not be negative; 0 means never")
	complain(len(c.Languages) == 0, "LANGUAGES: at least one is needed, such as en,cs,sk")
	for _, language := range slices.Concat(c.Languages, c.LanguageFallback) {
		complain(!languageCode.MatchString(language), "LANGUAGES, LANGUAGE_FALLBACK: %q is not a language code such as en or pt-BR", language)
	}
	complain(!slices.Contains([]string{"debug", "info", "warn", "error"}, c.LogLevel),
		"LOG_LEVEL: %q is none of debug, info, warn, error", c.LogLevel)
	complain(c.UseElastic() && c.Elastic.Host == "", "ELASTIC_HOST: needed because USE_ELASTIC is on")
	complain(c.UseRedis() && c.Redis.Location == "" && !c.EmbeddedRedis(),
		"REDIS_QUEUE_LOCATION: needed because USING_REDIS_QUEUE is on")
	complain(c.anyPostgres() && c.Postgres.Host == "", "POSTGRES_HOST: needed because other POSTGRES_ variables are set")
	complain(!slices.Contains([]string{"", "otlp", "none"}, c.Traces.Exporter), "OTEL_TRACES_EXPORTER: %q is neither otlp nor none", c.Traces.Exporter)
	return slices.Concat(errs, c.Media.mistakes(), c.Limits.mistakes(), c.Traffic.mistakes())
}

func (l Limits) mistakes() []error {
	var errs []error
	for name, number := range map[string]int64{
		"LIMIT_QUERY_BYTES": int64(l.QueryBytes), "LIMIT_TOKENS": int64(l.Tokens), "LIMIT_REPEATED_FIELDS": int64(l.RepeatedFields),
		"LIMIT_FIELDS": int64(l.Fields), "LIMIT_DEPTH": int64(l.Depth), "LIMIT_COMPLEXITY": int64(l.Complexity),
		"LIMIT_BODY_BYTES": l.BodyBytes, "LIMIT_BODY_TIME": int64(l.BodyTime), "LIMIT_UPLOAD_TIME": int64(l.UploadTime),
		"RATE_LIMIT_WINDOW": int64(l.RateWindow), "LIMIT_SUBSCRIPTIONS_PER_CONNECTION": int64(l.SubscriptionsPerConnection),
	} {
		if number < 1 {
			errs = append(errs, fmt.Errorf("%s: must be more than 0", name))
		}
	}
	if l.Aliases < 0 {
		errs = append(errs, errors.New("LIMIT_ALIASES: must not be negative"))
	}
	if l.Subscriptions < 0 {
		errs = append(errs, errors.New("LIMIT_SUBSCRIPTIONS: must not be negative; 0 allows none"))
	}
	if l.PageSize < minPageSize || l.PageSize > maxPageSize {
		errs = append(errs, fmt.Errorf("LIMIT_PAGE_SIZE: %d to %d are possible", minPageSize, maxPageSize))
	}
	for name, rate := range map[string]int{"RATE_LIMIT": l.Rate, "RATE_LIMIT_WITH_TOKEN": l.TokenRate} {
		if rate != 0 && rate < l.Complexity {
			errs = append(errs, fmt.Errorf("%s: %d is less than LIMIT_COMPLEXITY (%d), so that some operations could never be run; 0 is no limit", name, rate, l.Complexity))
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errs
}

// A page may have what the schema takes for granted at least, and at most what the engines were measured with.
const (
	minPageSize = 24
	maxPageSize = 1000
)

func (t Traffic) mistakes() []error {
	var errs []error
	complain := func(broken bool, format string, args ...any) {
		if broken {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	complain(t.HeaderTime <= 0, "LIMIT_HEADER_TIME: must be longer than nothing, such as 5s")
	complain(t.Connections < 1, "LIMIT_CONNECTIONS: at least 1 is needed")
	complain(t.ConnectionsPerClient < 1, "LIMIT_CONNECTIONS_PER_CLIENT: at least 1 is needed")
	complain(t.CacheTime < 0, "CACHE_TIME: must not be negative; 0 means never")
	complain(t.ReadCacheBytes < 0, "READ_CACHE_BYTES: must not be negative; 0 means that nothing is kept")
	if _, err := t.Proxies(); err != nil {
		errs = append(errs, err)
	}
	for _, origin := range t.Origins {
		complain(origin != "*" && !isOrigin(origin), "CORS_ORIGINS: %q is neither * nor an origin such as https://shop.example", origin)
	}
	return errs
}

func isOrigin(text string) bool {
	u, err := url.Parse(text)
	return err == nil && isWebAddress(text) && u.Path == "" && u.RawQuery == "" && u.Fragment == "" && u.User == nil
}

// privateNetworks are those that nobody reaches from outside.
var privateNetworks = []string{"127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"}

// Proxies are the networks of TrustedProxies.
func (t Traffic) Proxies() ([]netip.Prefix, error) {
	var networks []netip.Prefix
	for _, text := range t.TrustedProxies {
		texts := []string{text}
		switch text {
		case "none":
			continue
		case "private":
			texts = privateNetworks
		}
		for _, text := range texts {
			network, err := parseNetwork(text)
			if err != nil {
				return nil, fmt.Errorf("TRUSTED_PROXIES: %q is none of private, none, an address, and a range such as 10.0.0.0/8", text)
			}
			networks = append(networks, network)
		}
	}
	return networks, nil
}

func parseNetwork(text string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(address, address.BitLen()), nil
	}
	network, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("read network: %w", err)
	}
	return network.Masked(), nil
}

// maxMediaBytes is how large MEDIA_MAX_BYTES may be: an uploaded picture is held in memory while it is checked.
const maxMediaBytes = 100 << 20

func (m Media) mistakes() []error {
	var errs []error
	if m.MaxBytes < 1 || m.MaxBytes > maxMediaBytes {
		errs = append(errs, fmt.Errorf("MEDIA_MAX_BYTES: %d is not between 1 and %d", m.MaxBytes, maxMediaBytes))
	}
	if m.URL != "" && !isWebAddress(m.URL) {
		errs = append(errs, fmt.Errorf("MEDIA_URL: %q is not an address such as https://shop.example/media", m.URL))
	}
	bucket := map[string]string{"MEDIA_S3_BUCKET": m.S3Bucket, "MEDIA_S3_ACCESS_KEY": m.S3AccessKey, "MEDIA_S3_SECRET_KEY": m.S3SecretKey}
	for _, name := range slices.Sorted(maps.Keys(bucket)) {
		if m.InBucket() && bucket[name] == "" {
			errs = append(errs, fmt.Errorf("%s: needed because MEDIA_S3_ENDPOINT is set", name))
		}
		if !m.InBucket() && bucket[name] != "" {
			errs = append(errs, fmt.Errorf("MEDIA_S3_ENDPOINT: needed because %s is set", name))
		}
	}
	if m.InBucket() && !isWebAddress(m.S3Endpoint) {
		errs = append(errs, fmt.Errorf("MEDIA_S3_ENDPOINT: %q is not an address such as https://s3.eu-central-1.amazonaws.com", m.S3Endpoint))
	}
	if m.InBucket() && m.Folder != "" {
		errs = append(errs, errors.New("MEDIA_FOLDER: pictures go into a folder or into the bucket of MEDIA_S3_ENDPOINT, not into both"))
	}
	return errs
}

func isWebAddress(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

// anyPostgres says whether something of PostgreSQL is set: then nothing is embedded unasked, and a
// forgotten host is a mistake instead of a second, empty shop.
func (c *Config) anyPostgres() bool {
	defaults := Postgres{Port: 5432, Database: "ecoseller", User: "ecoseller", SSLMode: "disable", MaxConnections: 20}
	present := c.Postgres
	present.Host, present.MaxConnections = "", defaults.MaxConnections
	return present != defaults
}

// withoutEmpty treats an empty variable as one that is not set, as compose files write them.
func withoutEmpty(variables map[string]string) map[string]string {
	set := make(map[string]string, len(variables))
	for name, value := range variables {
		if strings.TrimSpace(value) != "" {
			set[name] = strings.TrimSpace(value)
		}
	}
	return set
}

// unreadable finds the variables that cannot be read. The library names fields only, so each variable is
// tried by itself.
func unreadable(variables map[string]string) []error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		alone := map[string]string{name: variables[name]}
		if env.ParseWithOptions(new(Config), env.Options{Environment: alone}) != nil {
			errs = append(errs, fmt.Errorf("%s: %q cannot be read", name, variables[name]))
		}
	}
	return errs
}

// Switch is a yes-or-no variable that may be left out.
type Switch struct{ set, on bool }

// On returns a switch that is set.
func On(on bool) Switch { return Switch{set: true, on: on} }

// UnmarshalText reads 0, 1, true, false, yes, no, on or off.
func (s *Switch) UnmarshalText(text []byte) error {
	switch strings.ToLower(string(text)) {
	case "1", "true", "yes", "on":
		*s = On(true)
	case "0", "false", "no", "off":
		*s = On(false)
	default:
		return fmt.Errorf("%q is none of 0, 1, true, false", text)
	}
	return nil
}

// Or returns the switch's position, or byDefault when it is not set.
func (s Switch) Or(byDefault bool) bool {
	if s.set {
		return s.on
	}
	return byDefault
}
