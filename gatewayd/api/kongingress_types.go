package api

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// KongIngress changes routes, services and upstreams. Kong has deprecated it
// for annotations and KongUpstreamPolicy, and nothing reads it.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:storageversion
// +kubebuilder:resource:shortName=ki,categories=kong-ingress-controller;kong;all
type KongIngress struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Upstream changes how requests are spread over targets.
	// +optional
	Upstream *KongIngressUpstream `json:"upstream,omitempty"`

	// Proxy changes how a service is reached.
	// +optional
	Proxy *KongIngressService `json:"proxy,omitempty"`

	// Route changes what a route matches and what it does.
	// +optional
	Route *KongIngressRoute `json:"route,omitempty"`
}

// KongIngressList is a list of KongIngress.
//
// +kubebuilder:object:root=true
type KongIngressList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []KongIngress `json:"items"`
}

// KongIngressService changes how a service is reached.
//
// +kubebuilder:object:generate=true
type KongIngressService struct {
	// Protocol is that towards the service.
	// +optional
	// +kubebuilder:validation:Enum=http;https;grpc;grpcs;tcp;tls;udp
	Protocol *string `json:"protocol,omitempty"`
	// Path is put in front of the request's.
	// +optional
	// +kubebuilder:validation:Pattern=`^/.*$`
	Path *string `json:"path,omitempty"`
	// Retries is how many more targets are tried.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Retries *int `json:"retries,omitempty"`
	// ConnectTimeout is in milliseconds.
	// +optional
	// +kubebuilder:validation:Minimum=0
	ConnectTimeout *int `json:"connect_timeout,omitempty"`
	// ReadTimeout is in milliseconds.
	// +optional
	// +kubebuilder:validation:Minimum=0
	ReadTimeout *int `json:"read_timeout,omitempty"`
	// WriteTimeout is in milliseconds.
	// +optional
	// +kubebuilder:validation:Minimum=0
	WriteTimeout *int `json:"write_timeout,omitempty"`
}

// KongIngressRoute changes what a route matches and what it does.
//
// +kubebuilder:object:generate=true
type KongIngressRoute struct {
	// Methods are those that match.
	// +optional
	Methods []string `json:"methods,omitempty"`
	// Headers are those that match, with their values.
	// +optional
	Headers map[string][]string `json:"headers,omitempty"`
	// Protocols are those that match.
	// +optional
	Protocols []Protocol `json:"protocols,omitempty"`
	// RegexPriority orders routes by regular expressions.
	// +optional
	RegexPriority *int `json:"regex_priority,omitempty"`
	// StripPath takes the matched prefix away.
	// +optional
	StripPath *bool `json:"strip_path,omitempty"`
	// PreserveHost keeps the request's Host.
	// +optional
	PreserveHost *bool `json:"preserve_host,omitempty"`
	// HTTPSRedirectStatusCode answers requests by the wrong protocol.
	// +optional
	// +kubebuilder:validation:Enum=426;301;302;307;308
	HTTPSRedirectStatusCode *int `json:"https_redirect_status_code,omitempty"`
	// PathHandling says how paths are joined.
	// +optional
	// +kubebuilder:validation:Enum=v0;v1
	PathHandling *string `json:"path_handling,omitempty"`
	// SNIs are the server names that match.
	// +optional
	SNIs []string `json:"snis,omitempty"`
	// RequestBuffering reads requests whole before they are sent on.
	// +optional
	RequestBuffering *bool `json:"request_buffering,omitempty"`
	// ResponseBuffering reads answers whole before they are sent on.
	// +optional
	ResponseBuffering *bool `json:"response_buffering,omitempty"`
}

// KongIngressUpstream changes how requests are spread over targets.
//
// +kubebuilder:object:generate=true
type KongIngressUpstream struct {
	// HostHeader is the Host of requests to the targets.
	// +optional
	HostHeader *string `json:"host_header,omitempty"`
	// Algorithm says how a target is picked.
	// +optional
	// +kubebuilder:validation:Enum=round-robin;consistent-hashing;least-connections;latency
	Algorithm *string `json:"algorithm,omitempty"`
	// Slots is how many slots the ring has.
	// +optional
	// +kubebuilder:validation:Minimum=10
	// +kubebuilder:validation:Maximum=65536
	Slots *int `json:"slots,omitempty"`
	// Healthchecks says how targets are checked.
	// +optional
	Healthchecks *KongIngressHealthchecks `json:"healthchecks,omitempty"`
	// HashOn says what is hashed.
	// +optional
	// +kubebuilder:validation:Enum=none;consumer;ip;header;cookie;path;query_arg;uri_capture
	HashOn *string `json:"hash_on,omitempty"`
	// HashFallback says what is hashed where a request lacks the first.
	// +optional
	// +kubebuilder:validation:Enum=none;consumer;ip;header;cookie;path;query_arg;uri_capture
	HashFallback *string `json:"hash_fallback,omitempty"`
	// HashOnHeader names a header field.
	// +optional
	HashOnHeader *string `json:"hash_on_header,omitempty"`
	// HashFallbackHeader names a header field.
	// +optional
	HashFallbackHeader *string `json:"hash_fallback_header,omitempty"`
	// HashOnCookie names a cookie.
	// +optional
	HashOnCookie *string `json:"hash_on_cookie,omitempty"`
	// HashOnCookiePath is the path of a cookie that is set.
	// +optional
	HashOnCookiePath *string `json:"hash_on_cookie_path,omitempty"`
	// HashOnQueryArg names a query parameter.
	// +optional
	HashOnQueryArg *string `json:"hash_on_query_arg,omitempty"`
	// HashFallbackQueryArg names a query parameter.
	// +optional
	HashFallbackQueryArg *string `json:"hash_fallback_query_arg,omitempty"`
	// HashOnURICapture names a capture group.
	// +optional
	HashOnURICapture *string `json:"hash_on_uri_capture,omitempty"`
	// HashFallbackURICapture names a capture group.
	// +optional
	HashFallbackURICapture *string `json:"hash_fallback_uri_capture,omitempty"`
}

// KongIngressHealthchecks says how targets are checked.
//
// +kubebuilder:object:generate=true
type KongIngressHealthchecks struct {
	// Active sends requests of its own.
	// +optional
	Active *KongIngressActive `json:"active,omitempty"`
	// Passive looks at the requests of clients.
	// +optional
	Passive *KongIngressPassive `json:"passive,omitempty"`
	// Threshold is the least part of the targets' weight that must be healthy,
	// in percent.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	Threshold *int `json:"threshold,omitempty"`
}

// KongIngressActive sends requests of its own.
//
// +kubebuilder:object:generate=true
type KongIngressActive struct {
	KongIngressPassive `json:",inline"`
	// Concurrency is how many targets are checked at a time.
	// +optional
	// +kubebuilder:validation:Minimum=1
	Concurrency *int `json:"concurrency,omitempty"`
	// HTTPPath is the path that is asked for.
	// +optional
	// +kubebuilder:validation:Pattern=`^/.*$`
	HTTPPath *string `json:"http_path,omitempty"`
	// HTTPSSNI is the server name of checks by https.
	// +optional
	HTTPSSNI *string `json:"https_sni,omitempty"`
	// HTTPSVerifyCertificate tells whether the target's certificate is checked.
	// +optional
	HTTPSVerifyCertificate *bool `json:"https_verify_certificate,omitempty"`
	// Headers are sent along.
	// +optional
	Headers map[string][]string `json:"headers,omitempty"`
	// Timeout bounds one check, in seconds.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Timeout *int `json:"timeout,omitempty"`
}

// KongIngressPassive looks at the requests of clients; its intervals belong to
// active checks.
//
// +kubebuilder:object:generate=true
type KongIngressPassive struct {
	// Type is the protocol of the checks.
	// +optional
	// +kubebuilder:validation:Enum=http;https;tcp;grpc;grpcs
	Type *string `json:"type,omitempty"`
	// Healthy says what makes a target healthy.
	// +optional
	Healthy *KongIngressHealthy `json:"healthy,omitempty"`
	// Unhealthy says what makes a target unhealthy.
	// +optional
	Unhealthy *KongIngressUnhealthy `json:"unhealthy,omitempty"`
}

// KongIngressHealthy says what makes a target healthy.
//
// +kubebuilder:object:generate=true
type KongIngressHealthy struct {
	// HTTPStatuses are those of good answers.
	// +optional
	HTTPStatuses []int `json:"http_statuses,omitempty"`
	// Interval is in seconds.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Interval *int `json:"interval,omitempty"`
	// Successes is how many of them it takes.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Successes *int `json:"successes,omitempty"`
}

// KongIngressUnhealthy says what makes a target unhealthy.
//
// +kubebuilder:object:generate=true
type KongIngressUnhealthy struct {
	// HTTPStatuses are those of bad answers.
	// +optional
	HTTPStatuses []int `json:"http_statuses,omitempty"`
	// HTTPFailures is how many of them it takes.
	// +optional
	// +kubebuilder:validation:Minimum=0
	HTTPFailures *int `json:"http_failures,omitempty"`
	// TCPFailures is how many failures to connect it takes.
	// +optional
	// +kubebuilder:validation:Minimum=0
	TCPFailures *int `json:"tcp_failures,omitempty"`
	// Timeouts is how many time-outs it takes.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Timeouts *int `json:"timeouts,omitempty"`
	// Interval is in seconds.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Interval *int `json:"interval,omitempty"`
}
