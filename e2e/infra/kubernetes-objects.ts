import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ScaledObject } from '@kubernetes-models/keda/keda.sh/v1alpha1/ScaledObject';
import { PodMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PodMonitor';
import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { Job } from 'kubernetes-models/batch/v1/Job';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap';
import { Secret } from 'kubernetes-models/v1/Secret';
import { Service } from 'kubernetes-models/v1/Service';
import { ServiceAccount } from 'kubernetes-models/v1/ServiceAccount';
import { parseAllDocuments } from 'yaml';

export const KUBERNETES_FOLDER = resolve(import.meta.dirname, '../../infra/kubernetes');

type Labels = Readonly<Record<string, string>>;

/** As much of an object of Kubernetes as the tests read. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels: Labels };
  readonly spec?: {
    readonly replicas?: number;
    readonly selector?: Labels & { readonly matchLabels?: Labels };
    readonly template?: { readonly metadata: { readonly labels: Labels }; readonly spec: PodSpec };
    readonly ports?: readonly { readonly port: number; readonly targetPort: string }[];
    readonly scaleTargetRef?: { readonly name: string };
    readonly podMetricsEndpoints?: readonly {
      readonly port: string;
      readonly relabelings: readonly { readonly targetLabel: string; readonly replacement: string }[];
    }[];
    readonly triggers?: readonly { readonly metadata: Readonly<Record<string, string>> }[];
  };
  readonly data?: Labels;
  readonly stringData?: Labels;
}

interface PodSpec {
  readonly terminationGracePeriodSeconds?: number;
  readonly serviceAccountName?: string;
  readonly containers: readonly Container[];
}

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}

interface Container {
  readonly image: string;
  readonly args: readonly string[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly env?: readonly { readonly name: string }[];
  readonly envFrom?: readonly {
    readonly configMapRef?: { readonly name: string };
    readonly secretRef?: { readonly name: string };
  }[];
  readonly startupProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly lifecycle?: { readonly preStop: { readonly sleep: { readonly seconds: number } } };
  readonly securityContext: Readonly<Record<string, unknown>>;
}

/** Of a class that was made from a schema. */
interface Model {
  readonly prototype: { validate(this: unknown): void };
}

const MODELS: Readonly<Record<string, Model>> = {
  'apps/v1 Deployment': Deployment,
  'batch/v1 Job': Job,
  'policy/v1 PodDisruptionBudget': PodDisruptionBudget,
  'v1 ConfigMap': ConfigMap,
  'v1 Secret': Secret,
  'v1 Service': Service,
  'v1 ServiceAccount': ServiceAccount,
  'keda.sh/v1alpha1 ScaledObject': ScaledObject,
  'monitoring.coreos.com/v1 PodMonitor': PodMonitor,
};

/** All objects of a folder below infra/kubernetes, by the file that they stand in. */
export function readObjects(pattern = '**'): [file: string, object: KubernetesObject][] {
  return globSync(`${pattern}/*.yaml`, { cwd: KUBERNETES_FOLDER })
    .filter((file) => !file.endsWith('kustomization.yaml'))
    .sort()
    .flatMap((file) =>
      parseAllDocuments(readFileSync(join(KUBERNETES_FOLDER, file), 'utf8')).map(
        (document): [string, KubernetesObject] => {
          if (document.errors.length > 0) throw new Error(`${file}: ${String(document.errors[0])}`);
          return [file, document.toJS() as KubernetesObject];
        },
      ),
    );
}

/** What the schemas of Kubernetes and KEDA have against an object, and the fields of it that they do not know. */
export function findProblems(object: object): string[] {
  const { apiVersion, kind } = object as KubernetesObject;
  const SomeModel = MODELS[`${apiVersion} ${kind}`];
  if (SomeModel === undefined) return [`there is no schema of ${apiVersion} ${kind}`];
  const read = new Set<string>();
  const problems: string[] = [];
  try {
    // Its constructor would copy the object, and so read all of it.
    SomeModel.prototype.validate.call(watchReads(object, '', read));
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error));
  }
  // A schema reads each field that it knows, and lets others pass: Kubernetes would drop them without a word.
  return [
    ...problems,
    ...listPaths(object, '')
      .filter((path) => !read.has(path))
      .map((path) => `${path} is unknown`),
  ];
}

function watchReads(value: unknown, path: string, read: Set<string>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return new Proxy(value, {
    get(target, key) {
      const at = `${path}/${String(key)}`;
      read.add(at);
      return watchReads(Reflect.get(target, key), at, read);
    },
  });
}

function listPaths(value: unknown, path: string): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [
    `${path}/${key}`,
    ...listPaths(inner, `${path}/${key}`),
  ]);
}
