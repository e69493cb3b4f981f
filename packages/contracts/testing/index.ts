export { DocumentedAnswers } from './documented-answers.ts';
