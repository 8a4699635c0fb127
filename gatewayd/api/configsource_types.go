package api

// ConfigSource points at a value in a Secret of the referring object's
// namespace.
//
// +kubebuilder:object:generate=true
type ConfigSource struct {
	// SecretValue names the Secret and the key in it.
	SecretValue SecretKey `json:"secretKeyRef"`
}

// ConfigPatch adds one value to a config, as the JSON patch (RFC 6902)
// {"op": "add", "path": Path, "value": …} would.
//
// +kubebuilder:object:generate=true
type ConfigPatch struct {
	// Path is a JSON pointer (RFC 6901) into the config.
	// +kubebuilder:validation:Pattern=`^(/.*)?$`
	Path string `json:"path"`
	// ValueFrom points at the value, which is JSON.
	ValueFrom ConfigSource `json:"valueFrom"`
}

// NamespacedConfigSource points at a value in a Secret of any namespace.
//
// +kubebuilder:object:generate=true
type NamespacedConfigSource struct {
	// SecretValue names the Secret and the key in it.
	SecretValue NamespacedSecretKey `json:"secretKeyRef"`
}

// NamespacedConfigPatch is ConfigPatch with a Secret of any namespace.
//
// +kubebuilder:object:generate=true
type NamespacedConfigPatch struct {
	// Path is a JSON pointer (RFC 6901) into the config.
	// +kubebuilder:validation:Pattern=`^(/.*)?$`
	Path string `json:"path"`
	// ValueFrom points at the value, which is JSON.
	ValueFrom NamespacedConfigSource `json:"valueFrom"`
}

// SecretKey names one key of a Secret.
//
// +kubebuilder:object:generate=true
type SecretKey struct {
	// Secret is the Secret's name.
	// +kubebuilder:validation:MinLength=1
	Secret string `json:"name"`
	// Key is the key in its data.
	// +kubebuilder:validation:MinLength=1
	Key string `json:"key"`
}

// NamespacedSecretKey names one key of a Secret in a namespace.
//
// +kubebuilder:object:generate=true
type NamespacedSecretKey struct {
	// Namespace is the Secret's namespace.
	// +kubebuilder:validation:MinLength=1
	Namespace string `json:"namespace"`
	// Secret is the Secret's name.
	// +kubebuilder:validation:MinLength=1
	Secret string `json:"name"`
	// Key is the key in its data.
	// +kubebuilder:validation:MinLength=1
	Key string `json:"key"`
}
