import { useMutation, useQueryClient, type UseMutationResult } from '@tanstack/react-query';
import { describeError } from '../components/describe-error.ts';
import { toast } from '../shell/toasts.tsx';

/**
 * Something that a user does to the server: a toast tells how it went, and everything that is on the screen is read anew.
 *
 * @param done what to say of the result
 */
export function useAction<Input, Result>(
  act: (input: Input) => Promise<Result>,
  done: (result: Result, input: Input) => string,
): UseMutationResult<Result, Error, Input> {
  const client = useQueryClient();
  return useMutation({
    mutationFn: act,
    onSuccess: (result, input) => toast('success', done(result, input)),
    onError: (error) => {
      const { title, text } = describeError(error);
      toast('error', title, text);
    },
    onSettled: () => client.invalidateQueries(),
  });
}
