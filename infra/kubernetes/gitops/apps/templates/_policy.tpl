{{- define "apps.syncPolicy" -}}
syncPolicy:
  automated:
    enabled: true
    prune: true
    selfHeal: true
    allowEmpty: false
  retry:
    limit: 5
    backoff:
      duration: 10s
      factor: 2
      maxDuration: 3m
  syncOptions:
    - CreateNamespace=false
    - ServerSideApply=true
    - PruneLast=true
    - RespectIgnoreDifferences=true
revisionHistoryLimit: 10
{{- end }}
